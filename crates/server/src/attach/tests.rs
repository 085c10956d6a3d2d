use std::collections::VecDeque;

use bedrock::canonical::Usage;
use http::HeaderMap;

use super::*;
use crate::auth::Caller;
use crate::generate::Started;
use crate::keys::Rights;

/// Plays steps, then waits for ever; notes what is done to it.
struct Script {
    steps: VecDeque<Step>,
    notes: Arc<Mutex<Vec<&'static str>>>,
}

impl Generate for Script {
    fn poll_step(&mut self, _cx: &mut Context<'_>) -> Poll<Step> {
        self.steps.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
    fn pause(&mut self) {
        self.notes.lock().unwrap().push("pause");
    }
    fn resume(&mut self) {
        self.notes.lock().unwrap().push("resume");
    }
    fn cancel(&mut self) {
        self.notes.lock().unwrap().push("cancel");
    }
}

struct Fixture {
    hub: Arc<Hub>,
    notes: Arc<Mutex<Vec<&'static str>>>,
}

const WINDOW: Duration = Duration::from_secs(5);

fn fixture() -> Fixture {
    Fixture { hub: Hub::new(WINDOW), notes: Arc::default() }
}

impl Fixture {
    fn begin(&self, key: Option<Key>, steps: impl IntoIterator<Item = Step>) -> Lease {
        let facts = Facts { model: "m".to_owned(), fingerprint: "f".to_owned(), input_tokens: 1 };
        let steps = steps.into_iter().collect();
        self.hub.begin(key, facts, Box::new(Script { steps, notes: Arc::clone(&self.notes) }))
    }

    fn notes(&self) -> Vec<&'static str> {
        self.notes.lock().unwrap().clone()
    }
}

fn started() -> Step {
    Step::Started(Started { cached_tokens: 0, seed: 1 })
}

fn done() -> Step {
    Step::Done(Usage::default())
}

fn key(account: &str) -> Key {
    let caller = Caller {
        account: account.to_owned(),
        region: String::new(),
        principal_arn: String::new(),
        key_id: String::new(),
        rights: Rights::NONE,
    };
    let mut headers = HeaderMap::new();
    headers.insert("amz-sdk-invocation-id", "id".parse().unwrap());
    Key::of(&caller, &headers, "/p", [0; 32]).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_parked_generation_waits_its_window_and_no_longer() {
    let fixture = fixture();
    let mut lease = fixture.begin(Some(key("a")), [started()]);
    lease.step().await;
    drop(lease);
    assert_eq!(fixture.notes(), ["pause"]);
    tokio::time::sleep(WINDOW - Duration::from_millis(1)).await;
    assert_eq!(fixture.notes(), ["pause"]);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(fixture.notes(), ["pause", "cancel"]);
    assert!(fixture.hub.attach(&key("a"), true).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_retry_replays_and_an_old_window_does_not_end_it() {
    let fixture = fixture();
    let mut lease = fixture.begin(Some(key("a")), [started(), done()]);
    lease.step().await;
    drop(lease);
    assert!(fixture.hub.attach(&key("b"), true).is_none(), "another caller");
    let mut again = fixture.hub.attach(&key("a"), true).unwrap();
    tokio::time::sleep(2 * WINDOW).await;
    assert_eq!(fixture.notes(), ["pause", "resume"]);
    assert!(matches!(again.step().await, Step::Started(_)));
    assert!(matches!(again.step().await, Step::Done(_)));
    drop(again);
    assert_eq!(fixture.notes(), ["pause", "resume"], "nothing to cancel");
    assert!(fixture.hub.slots().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_is_cancelled_at_once() {
    let fixture = fixture();
    drop(fixture.begin(None, [started()]));
    assert_eq!(fixture.notes(), ["cancel"]);
    drop(fixture.begin(Some(key("a")), [started()]));
    drop(fixture.hub.attach(&key("a"), false).unwrap());
    assert_eq!(fixture.notes(), ["cancel", "pause", "resume", "cancel"]);
    assert!(fixture.hub.slots().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_lost_the_generation_is_told() {
    let fixture = fixture();
    let mut first = fixture.begin(Some(key("a")), [started()]);
    first.step().await;
    let waiting = tokio::spawn(async move { first.step().await });
    tokio::task::yield_now().await;
    let second = fixture.hub.attach(&key("a"), true).unwrap();
    assert!(matches!(waiting.await.unwrap(), Step::Failed(_)));
    assert_eq!(fixture.notes(), ["resume"], "the first reader's end changes nothing");
    drop(second);
    assert_eq!(fixture.notes(), ["resume", "pause"]);
}

#[tokio::test(start_paused = true)]
async fn too_many_parked_generations_are_cancelled() {
    let fixture = fixture();
    let leases: Vec<_> =
        (0..=MAX_PARKED).map(|n| fixture.begin(Some(key(&n.to_string())), [started()])).collect();
    drop(leases);
    let notes = fixture.notes();
    assert_eq!(notes.iter().filter(|note| **note == "pause").count(), MAX_PARKED);
    assert_eq!(notes.last(), Some(&"cancel"));
}
