//! The cable between station and key: every report can be seen, lost, or joined by another's on its way.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keyline::adapter::ctap::hid::{Hid, Reports};
use keyline::domain::fault::Fault;
use keyline::port::{CancelFlag, Conduct, Transport};
use keyline::practice::authenticator::{Manufacturer, Model, PRODUCT, ReportPipe, SimulatedKey};

pub(crate) type Report = [u8; 64];
/// What becomes of a report on its way.
pub(crate) type Fate = Box<dyn FnMut(Report) -> Vec<Report> + Send>;

/// The cable between station and key, with somebody's fingers on it.
pub(crate) struct Cable {
    pipe: ReportPipe,
    to_key: Fate,
    from_key: Fate,
    arrived: VecDeque<Report>,
    seen: Arc<Mutex<Vec<Report>>>,
}

impl Reports for Cable {
    fn write(&mut self, report: &Report) -> Result<(), Fault> {
        self.seen.lock().unwrap().push(*report);
        for report in (self.to_key)(*report) {
            self.pipe.write(&report)?;
        }
        Ok(())
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<Report>, Fault> {
        let until = Instant::now() + timeout;
        loop {
            if let Some(report) = self.arrived.pop_front() {
                self.seen.lock().unwrap().push(report);
                return Ok(Some(report));
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.pipe.read(left)? {
                Some(report) => self.arrived.extend((self.from_key)(report)),
                None => return Ok(None),
            }
        }
    }
}

pub(crate) fn untouched() -> Fate {
    Box::new(|report| vec![report])
}

/// Swallows the report with this number, counted from 0 once `armed` says so.
pub(crate) fn loses(number: usize, armed: &Arc<Mutex<bool>>) -> Fate {
    let armed = Arc::clone(armed);
    let mut count = 0;
    Box::new(move |report| {
        if !*armed.lock().unwrap() {
            return vec![report];
        }
        count += 1;
        if count == number + 1 {
            vec![]
        } else {
            vec![report]
        }
    })
}

pub(crate) fn plugged() -> SimulatedKey {
    let key = Manufacturer::new(Model::practice())
        .unwrap()
        .make(1)
        .unwrap();
    key.plug().unwrap();
    key
}

/// A channel to `key` over a cable with these fates, and everything that is seen on the station's end.
pub(crate) fn connect(
    key: &SimulatedKey,
    to_key: Fate,
    from_key: Fate,
) -> (Hid<Cable>, Arc<Mutex<Vec<Report>>>) {
    let seen = Arc::default();
    let cable = Cable {
        pipe: ReportPipe::open(key).unwrap(),
        to_key,
        from_key,
        arrived: VecDeque::new(),
        seen: Arc::clone(&seen),
    };
    (Hid::open(cable, 0, PRODUCT.to_owned()).unwrap(), seen)
}

pub(crate) fn exchange(
    hid: &mut Hid<Cable>,
    request: &[u8],
    patience: Duration,
) -> Result<Vec<u8>, Fault> {
    let mut conduct = Conduct {
        deadline: Instant::now() + patience,
        cancel: &CancelFlag::default(),
        on_keepalive: &mut |_| {},
    };
    hid.exchange(request, &mut conduct)
}
