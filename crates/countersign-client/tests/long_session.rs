//! A working day of eight hours, second by second: a tab that is open all the time, what happens to
//! its computer, its network and its server, and how often the token endpoint is asked.
#![allow(clippy::unwrap_used)]

mod world;

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use countersign_client::{Cause, ClientError, Engine, Mode, Renewal};
use world::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 8 * HOUR;
/// How long the server's access tokens are valid, in seconds.
const LIFETIME: i64 = 300;
/// A tab in the foreground renews this long after it got its tokens, in seconds.
const PERIOD: i64 = LIFETIME - 30;

/// What happens during the day. Times are in seconds after the login.
#[derive(Clone, Default)]
struct Day {
    /// The tab is in the background: timers fire at whole minutes only.
    background: Range<i64>,
    /// The computer sleeps. Neither timers nor the monotonic clock go on.
    asleep: Range<i64>,
    /// Nobody is reached.
    offline: Range<i64>,
    /// The server answers 503.
    restarting: Range<i64>,
    /// From then on, the server knows the session no more.
    ended: Option<i64>,
    /// The local clock is set: when, and to how far it is wrong.
    clock: Vec<(i64, i64)>,
    /// Whether no server shows its time.
    is_date_hidden: bool,
    /// How often the app calls `getTokens`, in seconds; 0: never.
    every: i64,
}

/// How the day was.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    /// Requests to the token endpoint after the login that it answered.
    answered: usize,
    /// Requests to it that nobody answered.
    lost: usize,
    /// Requests for the time.
    questions: usize,
    /// Times at which the app got an error instead of tokens.
    failures: Vec<i64>,
    /// When the session was over.
    over: Option<i64>,
}

struct Tab {
    world: World,
    engine: Engine<World>,
    client: TestClient,
    start: i64,
    /// Requests that nobody answered.
    lost: Rc<Cell<usize>>,
    /// When the timer fires, by the monotonic clock.
    timer: i64,
}

impl Tab {
    fn open(day: &Day) -> Self {
        let (world, engine) = World::new();
        let client = create(&engine, config(Mode::Auto));
        let start = world.seconds();
        let day = day.clone();
        let lost = Rc::new(Cell::new(0));
        let count = Rc::clone(&lost);
        world.script(move |sent, world| {
            let second = world.seconds() - start;
            if day.offline.contains(&second) {
                count.set(count.get() + usize::from(sent.method == "POST"));
                return None;
            }
            let answer = if sent.method == "HEAD" {
                return Some(ok(serde_json::json!({})).date(0));
            } else if day.restarting.contains(&second) {
                error(503, "temporarily_unavailable")
            } else if day.ended.is_some_and(|ended| second >= ended) {
                error(400, "invalid_grant")
            } else {
                world.standard(sent)
            };
            Some(if day.is_date_hidden {
                answer
            } else {
                answer.date(0)
            })
        });
        log_in(&world, &engine, &client).unwrap();
        let mut tab = Self {
            world,
            engine,
            client,
            start,
            lost,
            timer: 0,
        };
        tab.plan();
        tab
    }

    fn second(&self) -> i64 {
        self.world.seconds() - self.start
    }

    fn monotonic(&self) -> i64 {
        use countersign_client::Platform as _;
        self.world.monotonic()
    }

    fn plan(&mut self) {
        self.timer = self.monotonic() + self.engine.schedule(&self.client).wait_millis;
    }

    /// Renews. `is_timer`: because the timer has fired, so it is set again whatever comes.
    fn renew(&mut self, is_timer: bool) -> Result<(), ClientError> {
        // It ends, or the world panics.
        let outcome = self.world.run(self.engine.renew(&self.client, &[]));
        if is_timer || outcome.is_ok() {
            self.plan();
        }
        outcome
    }

    /// `getTokens`: tokens that are good now, or an error.
    fn fresh(&mut self) -> Result<(), ClientError> {
        match self.engine.schedule(&self.client).now {
            Renewal::NotDue => Ok(()),
            Renewal::Due => self.renew(false).or(Ok(())),
            Renewal::Overdue => self.renew(false),
        }
    }

    /// Whether the server would take the access token now.
    fn is_good(&self) -> bool {
        self.client
            .tokens()
            .is_some_and(|tokens| tokens.expires.0 / 1000 > self.world.seconds())
    }
}

/// Lives through the day.
fn live(day: &Day) -> Report {
    let mut tab = Tab::open(day);
    let world = tab.world.clone();
    let asked = |method: &str| {
        let sent = world.sent();
        sent.iter().filter(|sent| sent.method == method).count()
    };
    let login = asked("POST");
    let mut report = Report::default();
    let mut last = 0;
    while tab.second() < DAY && report.over.is_none() {
        world.tick();
        if day.asleep.contains(&tab.second()) {
            world.sleep_through((day.asleep.end - tab.second()) * 1000);
        }
        let second = tab.second();
        for (_, error) in day
            .clock
            .iter()
            .filter(|(at, _)| (last + 1..=second).contains(at))
        {
            world.0.local_error.set(error * 1000);
        }
        let is_background = day.background.contains(&second);
        let mut outcomes = Vec::new();
        if tab.monotonic() >= tab.timer && (!is_background || second % MINUTE == 0) {
            outcomes.push((false, tab.renew(true)));
        }
        if day.every > 0 && second / day.every > last / day.every {
            outcomes.push((true, tab.fresh()));
            let offline = day.offline.contains(&second) || day.restarting.contains(&second);
            assert!(
                tab.is_good() || offline || outcomes.last().unwrap().1.is_err(),
                "the app got tokens that have expired, {second} s after the login"
            );
        }
        for (is_apps, outcome) in outcomes {
            let Err(error) = outcome else { continue };
            if error
                .details
                .first()
                .is_some_and(|code| **code == *"invalid_grant")
            {
                report.over.get_or_insert(second);
            } else if is_apps {
                assert!(matches!(
                    error.cause,
                    Cause::TokenUnreachable | Cause::TokenRefused
                ));
                report.failures.push(second);
            }
        }
        last = second;
    }
    report.lost = tab.lost.get();
    report.answered = asked("POST") - login - report.lost;
    report.questions = asked("HEAD");
    report
}

/// A day in whose tab the app calls `getTokens` once a minute.
fn day() -> Day {
    Day {
        every: MINUTE,
        ..Day::default()
    }
}

/// One renewal per life of a token, and nothing else.
fn quiet() -> Report {
    Report {
        answered: (DAY / (PERIOD + 1)) as usize,
        ..Report::default()
    }
}

#[test]
fn a_quiet_day_is_one_token_request_per_life_of_a_token_whether_or_not_the_app_asks() {
    assert_eq!(live(&day()), quiet());
    let idle = Day { every: 0, ..day() };
    assert_eq!(live(&idle), quiet());
}

#[test]
fn timers_that_are_throttled_cost_no_request_and_no_token_that_has_expired() {
    for every in [0, MINUTE, 7 * MINUTE] {
        let background = 0..DAY;
        let day = Day {
            background,
            every,
            ..day()
        };
        // A renewal is due after 4.5 minutes, and timers fire at whole ones.
        let expected = Report {
            answered: (DAY / LIFETIME) as usize,
            ..Report::default()
        };
        assert_eq!(live(&day), expected);
    }
}

#[test]
fn after_an_hours_sleep_the_first_call_gets_new_tokens() {
    let asleep = HOUR..2 * HOUR;
    let day = Day { asleep, ..day() };
    let expected = Report {
        answered: ((DAY - HOUR) / (PERIOD + 1)) as usize + 1,
        // The clock may have been set: it is asked once.
        questions: 1,
        ..Report::default()
    };
    assert_eq!(live(&day), expected);
}

#[test]
fn a_clock_that_is_set_costs_no_further_token_request_and_no_error() {
    for is_date_hidden in [false, true] {
        for (clock, questions) in [
            (vec![(HOUR, 2 * HOUR)], 1),
            (vec![(HOUR, -2 * HOUR)], 0),
            (vec![(HOUR, 2 * HOUR), (2 * HOUR, 0)], 1),
            (vec![(HOUR, -2 * HOUR), (2 * HOUR, 0)], 1),
        ] {
            let day = Day {
                clock,
                is_date_hidden,
                ..day()
            };
            let expected = Report {
                questions,
                ..quiet()
            };
            assert_eq!(live(&day), expected);
        }
    }
}

#[test]
fn without_a_network_the_app_gets_errors_once_its_tokens_are_over_and_tokens_at_the_first_call_afterwards()
 {
    let offline = HOUR..HOUR + 20 * MINUTE;
    let first = HOUR + 4 * MINUTE;
    let failures: Vec<_> = (first..HOUR + 20 * MINUTE).step_by(60).collect();
    let expected = Report {
        // The renewal that is due in the gap comes at its end, and four more never.
        answered: quiet().answered - 4,
        // One per call that fails, and one every half minute by the timer.
        lost: failures.len() + 33,
        failures,
        ..Report::default()
    };
    assert_eq!(live(&Day { offline, ..day() }), expected);
}

/// The question for the time has no answer either: then the first tokens tell it.
#[test]
fn a_clock_that_is_set_while_nobody_is_reached_ends_no_session() {
    for is_date_hidden in [false, true] {
        let failures: Vec<_> = (HOUR..HOUR + 20 * MINUTE).step_by(60).collect();
        let expected = Report {
            answered: quiet().answered - 4,
            lost: failures.len() + 33,
            questions: 1,
            failures,
            over: None,
        };
        let day = Day {
            offline: HOUR..HOUR + 20 * MINUTE,
            clock: vec![(HOUR, 2 * HOUR)],
            is_date_hidden,
            ..day()
        };
        assert_eq!(live(&day), expected);
    }
}

#[test]
fn a_server_that_is_away_at_a_renewal_is_asked_again_and_the_app_does_not_notice() {
    let due = 14 * (PERIOD + 1);
    let report = live(&Day {
        restarting: due - 5..due + 20,
        ..day()
    });
    let expected = Report {
        answered: quiet().answered + 1,
        ..Report::default()
    };
    assert_eq!(report, expected);
}

#[test]
fn a_session_that_was_ended_elsewhere_is_over_at_the_next_renewal_by_one_request() {
    let report = live(&Day {
        ended: Some(3 * HOUR),
        ..day()
    });
    let renewals = 3 * HOUR / (PERIOD + 1) + 1;
    let expected = Report {
        answered: renewals as usize,
        over: Some(renewals * (PERIOD + 1)),
        ..Report::default()
    };
    assert_eq!(report, expected);
}
