//! Which events say what.

use notify::event::{CreateKind, DataChange, Flag};

use super::*;

#[test]
fn only_three_events_say_something_of_completeness() {
    let event = |kind| Event::new(kind).add_path("/queue/new/a.csv".into());
    for (kind, wanted) in [
        (
            EventKind::Modify(ModifyKind::Name(RenameMode::To)),
            Some(Hint::Arrived),
        ),
        (
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
            Some(Hint::Closed),
        ),
        (
            EventKind::Modify(ModifyKind::Data(DataChange::Any)),
            Some(Hint::Writing),
        ),
        (EventKind::Modify(ModifyKind::Name(RenameMode::From)), None),
        (EventKind::Access(AccessKind::Close(AccessMode::Read)), None),
        (EventKind::Create(CreateKind::File), None),
    ] {
        assert_eq!(hint(&event(kind)).map(|(_, hint)| hint), wanted, "{kind:?}");
    }
}

#[test]
fn an_overflow_comes_without_paths_and_is_heard() {
    let queue = tempfile::tempdir().unwrap();
    super::super::room::Rooms::create(queue.path()).unwrap();
    let shared = Arc::new(Shared {
        root: queue.path().to_owned(),
        key: zeroize::Zeroizing::new([0; 32]),
        options: super::super::Options::default(),
        sights: std::sync::Mutex::default(),
    });
    let (sender, _signals) = std::sync::mpsc::channel();
    let mut post = Post::new(Arc::clone(&shared), sender);
    let written = queue.path().join("new/a.csv");
    std::fs::write(&written, "user\n").unwrap();
    let event = Event::new(EventKind::Modify(ModifyKind::Data(DataChange::Any))).add_path(written);
    assert!(post.hear(Signal::Event(event)));
    let patience = shared.look().unwrap().next.unwrap();
    assert!(patience > shared.options.settle);
    // The event that closed the file is among those that were lost.
    assert!(post.hear(Signal::Event(
        Event::new(EventKind::Other).set_flag(Flag::Rescan)
    )));
    assert!(shared.look().unwrap().next.unwrap() <= shared.options.settle);
    assert!(!post.hear(Signal::Stop));
}
