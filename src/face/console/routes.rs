//! What there is, and who may: ONE table. The router is made of it, and nothing is served that does not stand in it. A test
//! walks it with every role; a route that the test does not know of fails.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};

use super::admin::{audit, job, log, preflight, queue};
use super::door::Patience;
use super::{
    Shared, assets, bench, choices, first, guard, lock, models, people, pins, policies, sessions,
    sign_in,
};
use crate::domain::account::Role;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Also whoever is not signed in.
    Anyone,
    /// Whoever is signed in, also behind a locked screen: to open it again, or to leave.
    Guest,
    /// Operators and administrators.
    Operator,
    Administrator,
}

/// One thing that can be asked for.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub who: Who,
    /// Bytes that a request may have.
    pub body_bytes_max: usize,
    handler: fn() -> MethodRouter,
}

/// Bytes of an ordinary form.
pub const FORM_BYTES_MAX: usize = 64 * 1024;

const fn route(
    method: Method,
    path: &'static str,
    who: Who,
    handler: fn() -> MethodRouter,
) -> Route {
    Route {
        method,
        path,
        who,
        body_bytes_max: FORM_BYTES_MAX,
        handler,
    }
}

/// As [`route`], for bodies larger than an ordinary form.
const fn large(
    method: Method,
    path: &'static str,
    body_bytes_max: usize,
    handler: fn() -> MethodRouter,
) -> Route {
    Route {
        method,
        path,
        who: Who::Administrator,
        body_bytes_max,
        handler,
    }
}

/// All of them. One method each; `GET` answers `HEAD` as well.
pub const ROUTES: &[Route] = &[
    route(Method::GET, "/", Who::Operator, || get(choices::start)),
    route(Method::GET, "/bench", Who::Operator, || get(bench::unnamed)),
    route(Method::GET, "/bench/{name}", Who::Operator, || {
        get(bench::named)
    }),
    route(Method::GET, "/bench/events", Who::Operator, || {
        get(bench::events)
    }),
    route(Method::POST, "/bench/answer", Who::Operator, || {
        post(bench::answer)
    }),
    route(Method::POST, "/bench/confirm", Who::Operator, || {
        post(bench::confirm)
    }),
    route(Method::POST, "/bench/scan", Who::Operator, || {
        post(bench::scan)
    }),
    route(Method::POST, "/bench/spoiled", Who::Operator, || {
        post(bench::spoiled)
    }),
    route(Method::POST, "/bench/reissue", Who::Operator, || {
        post(bench::reissue)
    }),
    route(Method::POST, "/bench/job", Who::Operator, || {
        post(bench::job)
    }),
    route(Method::POST, "/bench/pin", Who::Operator, || {
        post(bench::pin)
    }),
    route(Method::POST, "/bench/help", Who::Operator, || {
        post(bench::help)
    }),
    route(Method::POST, "/bench/line", Who::Operator, || {
        post(bench::line)
    }),
    route(Method::GET, "/assets/{*name}", Who::Anyone, || {
        get(assets::serve)
    }),
    route(Method::GET, "/sign-in", Who::Anyone, || get(sign_in::form)),
    route(Method::POST, "/sign-in", Who::Anyone, || {
        post(sign_in::sign_in)
    }),
    route(Method::POST, "/sign-out", Who::Guest, || {
        post(sign_in::sign_out)
    }),
    route(Method::GET, "/first", Who::Anyone, || get(first::form)),
    route(Method::POST, "/first", Who::Anyone, || post(first::make)),
    route(Method::GET, "/lock", Who::Guest, || get(lock::form)),
    route(Method::POST, "/lock", Who::Guest, || post(lock::lock)),
    route(Method::POST, "/unlock", Who::Guest, || post(lock::unlock)),
    route(Method::POST, "/choose", Who::Anyone, || {
        post(choices::choose)
    }),
    route(Method::GET, "/sessions", Who::Operator, || {
        get(sessions::list)
    }),
    route(Method::POST, "/sessions/end", Who::Operator, || {
        post(sessions::end)
    }),
    // The administrator's pages.
    route(Method::GET, "/queue", Who::Administrator, || {
        get(queue::list)
    }),
    route(Method::GET, "/queue/jobs/{id}", Who::Administrator, || {
        get(job::show)
    }),
    route(Method::POST, "/queue/jobs/{id}", Who::Administrator, || {
        post(job::change)
    }),
    route(
        Method::POST,
        "/queue/jobs/{id}/erase",
        Who::Administrator,
        || post(job::erase),
    ),
    route(Method::GET, "/audit", Who::Administrator, || {
        get(audit::list)
    }),
    route(Method::POST, "/audit/verify", Who::Administrator, || {
        post(audit::verify)
    }),
    route(Method::GET, "/audit/export.csv", Who::Administrator, || {
        get(audit::csv)
    }),
    route(
        Method::GET,
        "/audit/export.jsonl",
        Who::Administrator,
        || get(audit::json_lines),
    ),
    route(Method::GET, "/preflight", Who::Administrator, || {
        get(preflight::show)
    }),
    route(Method::POST, "/preflight", Who::Administrator, || {
        post(preflight::begin)
    }),
    route(Method::GET, "/log", Who::Administrator, || get(log::list)),
    route(Method::GET, "/people", Who::Administrator, || {
        get(people::start)
    }),
    route(Method::GET, "/people/found", Who::Administrator, || {
        get(people::found)
    }),
    route(Method::GET, "/people/group", Who::Administrator, || {
        get(people::members)
    }),
    large(
        Method::POST,
        "/people/selected",
        people::PICKED_BYTES_MAX,
        || post(people::selected),
    ),
    large(
        Method::POST,
        "/people/group/choose",
        people::PICKED_BYTES_MAX,
        || post(people::choose_group),
    ),
    large(
        Method::POST,
        "/people/queue",
        people::PICKED_BYTES_MAX,
        || post(people::queue),
    ),
    route(
        Method::POST,
        "/people/group/queue",
        Who::Administrator,
        || post(people::queue_group),
    ),
    large(
        Method::POST,
        "/people/file",
        people::JOB_FILE_BYTES_MAX,
        || post(people::drop_file),
    ),
    route(Method::GET, "/people/keys", Who::Administrator, || {
        get(people::list)
    }),
    route(
        Method::GET,
        "/people/keys/remove",
        Who::Administrator,
        || get(people::ask),
    ),
    route(
        Method::GET,
        "/people/keys/consequence",
        Who::Administrator,
        || get(people::consequence),
    ),
    route(
        Method::POST,
        "/people/keys/removed",
        Who::Administrator,
        || post(people::remove),
    ),
    route(Method::GET, "/policies", Who::Administrator, || {
        get(policies::list)
    }),
    route(Method::GET, "/policies/{name}", Who::Administrator, || {
        get(policies::one)
    }),
    route(Method::GET, "/policies/preview", Who::Administrator, || {
        get(policies::preview)
    }),
    route(
        Method::GET,
        "/policies/preview/expected",
        Who::Administrator,
        || get(policies::expected),
    ),
    route(Method::GET, "/pins", Who::Administrator, || get(pins::list)),
    route(Method::GET, "/pins/{id}", Who::Administrator, || {
        get(pins::show)
    }),
    route(Method::POST, "/pins/{id}", Who::Administrator, || {
        post(pins::change)
    }),
    route(Method::POST, "/pins/{id}/open", Who::Administrator, || {
        post(pins::open)
    }),
    route(Method::GET, "/models", Who::Administrator, || {
        get(models::list)
    }),
    route(Method::GET, "/models/{aaguid}", Who::Administrator, || {
        get(models::one)
    }),
    // The cards of the bench show it.
    route(Method::GET, "/models/{aaguid}/logo", Who::Operator, || {
        get(models::logo)
    }),
    large(
        Method::POST,
        "/models/import",
        models::FILE_BYTES_MAX,
        || post(models::import),
    ),
];

/// Whether there is a route under `/bench/` that is no bench: no bench can have that name.
pub fn is_no_bench(name: &str) -> bool {
    let mut below = ROUTES.iter().map(|route| route.path);
    below.any(|path| path.strip_prefix("/bench/") == Some(name))
}

/// The top bar, in its order: path, key of its label. Each stands in [`ROUTES`], which says who may go there.
const WAYS: &[(&str, &str)] = &[
    ("/bench", "way.bench"),
    ("/queue", "way.queue"),
    ("/audit", "way.audit"),
    ("/preflight", "way.preflight"),
    ("/log", "way.log"),
    ("/people", "way.people"),
    ("/policies", "way.policies"),
    ("/pins", "way.pins"),
    ("/models", "way.models"),
    ("/sessions", "way.sessions"),
];

/// The ways of the top bar over a copy of a ledger, in their order: what needs nothing else.
const COPY_WAYS: &[&str] = &["/pins", "/queue", "/audit", "/sessions"];

/// The ways of the top bar over a copy, for whoever may go them.
pub fn copy_ways(role: Role) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = move |path: &&'static str| ways(role).find(|(known, _)| known == path);
    COPY_WAYS.iter().filter_map(of)
}

/// The ways of the top bar that somebody with this role may go. The first one is their start page.
pub fn ways(role: Role) -> impl Iterator<Item = (&'static str, &'static str)> {
    WAYS.iter().copied().filter(move |(path, _)| {
        ROUTES
            .iter()
            .find(|route| route.path == *path && route.method == Method::GET)
            .is_some_and(|route| match route.who {
                Who::Anyone | Who::Guest => true,
                Who::Operator => role.covers(Role::Operator),
                Who::Administrator => role.covers(Role::Administrator),
            })
    })
}

/// All routes, each behind its guard.
pub(super) fn router(shared: &Arc<Shared>, patience: Patience) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let rule = guard::Rule {
            who: route.who,
            body_bytes_max: route.body_bytes_max,
            patience: patience.body,
        };
        let guarded = (route.handler)()
            .layer(DefaultBodyLimit::max(route.body_bytes_max))
            .route_layer(from_fn_with_state(rule, guard::admit));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(choices::nothing_here)
        .method_not_allowed_fallback(choices::not_so)
        .layer(from_fn_with_state(Arc::clone(shared), guard::receive))
        .layer(from_fn(guard::seal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_the_top_bar_leads_somewhere() {
        let administrator: Vec<_> = ways(Role::Administrator).collect();
        assert_eq!(administrator, WAYS);
        assert!(ways(Role::Operator).count() >= 1);
    }

    #[test]
    fn no_route_stands_there_twice_and_nothing_is_changed_by_looking() {
        for (index, route) in ROUTES.iter().enumerate() {
            let again = ROUTES.iter().skip(index + 1);
            let twice =
                again.filter(|other| other.method == route.method && other.path == route.path);
            assert_eq!(twice.count(), 0, "{} {}", route.method, route.path);
            assert!(
                [Method::GET, Method::POST].contains(&route.method),
                "the guard proves the origin of a POST: {}",
                route.path
            );
        }
    }
}
