//! Sequences of checks that decide and explain.
//!
//! A sequence is written once, generic over its [`Sink`]. [`Decide`] ends it at the first check
//! that fails; [`Explain`] records every check that can be made. What a check finds is a
//! `Result<T, S::Missing>`. For a decision, `Missing` can't exist, so the result is as good as the
//! value and costs no more. For an explanation, it means that the check failed, and checks that
//! need the value are recorded as not made.

use alloc::vec::Vec;
use core::convert::Infallible;

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckOutcome<C, E> {
    /// The check.
    pub check: C,
    /// The result. `None`: the check could not be made, since it needs what another one did not
    /// find.
    pub outcome: Option<Result<(), E>>,
}

/// The purpose of a sequence of checks `C` with errors `E`.
///
/// Only this module implements it, since sequences trust [`passed`](Self::passed).
pub trait Sink<C, E>: sealed::Sealed {
    /// Why a value is missing: in a decision none ever is, in an explanation a check has failed.
    type Missing: Copy;
    /// Why the sequence ends early: a decision by its first error, an explanation never.
    type Stop;
    /// The sink of an inner sequence that is complete in itself.
    type Inner<D: PartialEq, F>: Sink<D, F, Missing = Self::Missing>;
    /// Whether the first failure ends the sequence.
    const DECIDES: bool;

    /// Returns the sink of an inner sequence, whose result goes to [`absorb`](Self::absorb).
    ///
    /// A decision converts the one error of the inner sequence at its end, so that the sequence
    /// costs no more than by itself.
    fn inner<D: PartialEq, F>() -> Self::Inner<D, F>;

    /// Takes over the checks of an inner sequence and its result.
    ///
    /// # Errors
    /// The sequence ends here.
    #[allow(
        clippy::type_complexity,
        reason = "an alias would hide which sink it is of"
    )]
    fn absorb<D: PartialEq, F, T>(
        &mut self,
        inner: Self::Inner<D, F>,
        result: Result<T, <Self::Inner<D, F> as Sink<D, F>>::Stop>,
        check: impl Fn(D) -> C,
        error: impl Fn(F) -> E,
    ) -> Result<T, Self::Stop>;

    /// Receives the result of a check, or why it could not be made.
    ///
    /// # Errors
    /// The sequence ends here.
    #[inline]
    fn check(
        &mut self,
        check: C,
        made: Result<Result<(), E>, Self::Missing>,
    ) -> Result<(), Self::Stop> {
        self.find(check, made).map(|_| ())
    }

    /// Receives the result of a check, or why it could not be made, and returns what it found.
    ///
    /// # Errors
    /// The sequence ends here.
    fn find<T>(
        &mut self,
        check: C,
        made: Result<Result<T, E>, Self::Missing>,
    ) -> Result<Result<T, Self::Missing>, Self::Stop>;

    /// Receives the result of a part of `check`, whose rest follows: a failure counts as that of
    /// `check`, a success not yet.
    ///
    /// # Errors
    /// The sequence ends here.
    fn part<T>(
        &mut self,
        check: C,
        made: Result<Result<T, E>, Self::Missing>,
    ) -> Result<Result<T, Self::Missing>, Self::Stop>;

    /// Tells whether every check so far has passed. Only then may a sequence return what it is for.
    ///
    /// # Errors
    /// At least one check has not passed.
    fn passed(&self) -> Result<(), Self::Missing>;
}

#[allow(unnameable_types, reason = "so that no other module implements `Sink`")]
mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Decide {}
    impl<C, E> Sealed for super::Explain<C, E> {}
}

/// Ends a sequence at the first check that fails, with its error.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct Decide;

impl<C, E> Sink<C, E> for Decide {
    type Missing = Infallible;
    type Stop = E;
    type Inner<D: PartialEq, F> = Self;
    const DECIDES: bool = true;

    #[inline]
    fn inner<D: PartialEq, F>() -> Self {
        Self
    }

    #[inline]
    fn absorb<D: PartialEq, F, T>(
        &mut self,
        _inner: Self,
        result: Result<T, F>,
        _check: impl Fn(D) -> C,
        error: impl Fn(F) -> E,
    ) -> Result<T, E> {
        result.map_err(error)
    }

    #[inline]
    fn find<T>(
        &mut self,
        _check: C,
        made: Result<Result<T, E>, Infallible>,
    ) -> Result<Result<T, Infallible>, E> {
        let Ok(result) = made;
        result.map(Ok)
    }

    #[inline]
    fn part<T>(
        &mut self,
        check: C,
        made: Result<Result<T, E>, Infallible>,
    ) -> Result<Result<T, Infallible>, E> {
        self.find(check, made)
    }

    #[inline]
    fn passed(&self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Records every check of a sequence.
#[derive(Clone, Debug)]
pub struct Explain<C, E> {
    outcomes: Vec<CheckOutcome<C, E>>,
}

/// A value is missing in an explanation, since a check has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "it has nothing to say")]
pub struct Missing;

impl<C, E> Explain<C, E> {
    /// Creates a sink that has seen no check.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            outcomes: Vec::new(),
        }
    }

    /// Returns the outcomes, in the order of the checks.
    #[must_use]
    pub fn into_outcomes(self) -> Vec<CheckOutcome<C, E>> {
        self.outcomes
    }
}

impl<C, E> Default for Explain<C, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: PartialEq, E> Explain<C, E> {
    /// Records a check, unless a part of it was recorded as failed.
    fn record(&mut self, check: C, outcome: Option<Result<(), E>>) {
        if self.outcomes.iter().all(|one| one.check != check) {
            self.outcomes.push(CheckOutcome { check, outcome });
        }
    }
}

impl<C: PartialEq, E> Sink<C, E> for Explain<C, E> {
    type Missing = Missing;
    type Stop = Infallible;
    type Inner<D: PartialEq, F> = Explain<D, F>;
    const DECIDES: bool = false;

    fn inner<D: PartialEq, F>() -> Explain<D, F> {
        Explain::new()
    }

    fn absorb<D: PartialEq, F, T>(
        &mut self,
        inner: Explain<D, F>,
        result: Result<T, Infallible>,
        check: impl Fn(D) -> C,
        error: impl Fn(F) -> E,
    ) -> Result<T, Infallible> {
        for one in inner.outcomes {
            let outcome = one.outcome.map(|result| result.map_err(&error));
            self.record(check(one.check), outcome);
        }
        result
    }

    fn find<T>(
        &mut self,
        check: C,
        made: Result<Result<T, E>, Missing>,
    ) -> Result<Result<T, Missing>, Infallible> {
        let (found, outcome) = match made {
            Ok(Ok(value)) => (Ok(value), Some(Ok(()))),
            Ok(Err(error)) => (Err(Missing), Some(Err(error))),
            Err(Missing) => (Err(Missing), None),
        };
        self.record(check, outcome);
        Ok(found)
    }

    fn part<T>(
        &mut self,
        check: C,
        made: Result<Result<T, E>, Missing>,
    ) -> Result<Result<T, Missing>, Infallible> {
        match made {
            Ok(Ok(value)) => Ok(Ok(value)),
            Ok(Err(error)) => {
                self.record(check, Some(Err(error)));
                Ok(Err(Missing))
            }
            Err(Missing) => Ok(Err(Missing)),
        }
    }

    fn passed(&self) -> Result<(), Missing> {
        let mut outcomes = self.outcomes.iter().map(|one| &one.outcome);
        match outcomes.all(|outcome| matches!(outcome, Some(Ok(())))) {
            true => Ok(()),
            false => Err(Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    /// Two numbers that are read and compared with each other; and an inner sequence for the
    /// second.
    fn sequence<S: Sink<&'static str, i32>>(
        sink: &mut S,
        [first, second]: [Result<u8, i32>; 2],
    ) -> Result<Result<u8, S::Missing>, S::Stop> {
        let first = sink.find("first", Ok(first))?;
        let second = {
            let mut inner = S::inner::<(), i8>();
            let second = inner.find((), Ok(second.map_err(|_| 2)));
            sink.absorb(inner, second, |()| "inner", |error| i32::from(error) * 100)?
        };
        let sum = first.and_then(|first| Ok(first + second?));
        sink.check("sum", sum.map(|sum| if sum < 10 { Ok(()) } else { Err(3) }))?;
        Ok(sink.passed().and(sum))
    }

    fn decided(numbers: [Result<u8, i32>; 2]) -> Result<u8, i32> {
        let Ok(sum) = sequence(&mut Decide, numbers)?;
        Ok(sum)
    }

    type Outcome = (&'static str, Option<Result<(), i32>>);

    fn explained(numbers: [Result<u8, i32>; 2]) -> (Result<u8, Missing>, Vec<Outcome>) {
        let mut sink = Explain::new();
        let Ok(sum) = sequence(&mut sink, numbers);
        let pair = |one: CheckOutcome<_, _>| (one.check, one.outcome);
        (sum, sink.into_outcomes().into_iter().map(pair).collect())
    }

    #[test]
    fn the_first_failure_decides_and_all_are_explained() {
        let passed = Some(Ok(()));
        let failed = |error| Some(Err(error));
        for (numbers, decision, outcomes) in [
            ([Ok(1), Ok(2)], Ok(3), [passed, passed, passed]),
            ([Ok(5), Ok(6)], Err(3), [passed, passed, failed(3)]),
            ([Err(1), Ok(6)], Err(1), [failed(1), passed, None]),
            ([Ok(5), Err(2)], Err(200), [passed, failed(200), None]),
            ([Err(1), Err(2)], Err(1), [failed(1), failed(200), None]),
        ] {
            assert_eq!(decided(numbers), decision);
            let (sum, list) = explained(numbers);
            // An explanation returns a result only if the decision would.
            assert_eq!(sum.ok(), decision.ok());
            assert_eq!(
                list,
                vec!["first", "inner", "sum"]
                    .into_iter()
                    .zip(outcomes)
                    .collect::<Vec<_>>()
            );
        }
    }
}
