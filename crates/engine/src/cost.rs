//! How long a step will take: a straight line through the steps seen so far, recent ones counting more.

use std::time::Duration;

/// Each new step takes this share of the weight from all older ones.
const FORGET: f64 = 0.05;

/// Predicts `seconds = base + slope * tokens`.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepCost {
    /// Decayed sums: 1, tokens, seconds, tokens², tokens × seconds.
    weight: f64,
    tokens: f64,
    seconds: f64,
    tokens_squared: f64,
    product: f64,
}

impl StepCost {
    /// Takes in a finished step of at least one token.
    pub(crate) fn observe(&mut self, tokens: usize, duration: Duration) {
        let (x, y) = (tokens as f64, duration.as_secs_f64());
        let keep = 1.0 - FORGET;
        self.weight = self.weight * keep + 1.0;
        self.tokens = self.tokens * keep + x;
        self.seconds = self.seconds * keep + y;
        self.tokens_squared = self.tokens_squared * keep + x * x;
        self.product = self.product * keep + x * y;
    }

    /// Base and slope. Steps of one size only say nothing of the base: then it is 0.
    fn line(&self) -> (f64, f64) {
        let through_origin = self.product / self.tokens_squared;
        let spread = self.weight * self.tokens_squared - self.tokens * self.tokens;
        if spread < 1e-3 * self.tokens * self.tokens {
            return (0.0, through_origin);
        }
        let slope = (self.weight * self.product - self.tokens * self.seconds) / spread;
        let base = (self.seconds - slope * self.tokens) / self.weight;
        if slope <= 0.0 || base < 0.0 { (0.0, through_origin) } else { (base, slope) }
    }

    /// How many tokens fit into a step of `target`, at most `limit`. Before the first step: a careful guess.
    pub(crate) fn affordable(&self, target: Duration, limit: usize) -> usize {
        const GUESS: usize = 128;
        if self.weight == 0.0 {
            return GUESS.min(limit);
        }
        let (base, slope) = self.line();
        let room = (target.as_secs_f64() - base).max(0.0);
        if slope * limit as f64 <= room {
            return limit;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and limit, by the line above"
        )]
        let tokens = (room / slope) as usize;
        tokens.min(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(50);

    fn trained(base_us: u64, slope_us: u64, sizes: &[u64]) -> StepCost {
        let mut cost = StepCost::default();
        for _ in 0..50 {
            for &size in sizes {
                let micros = Duration::from_micros(base_us + slope_us * size);
                cost.observe(usize::try_from(size).unwrap(), micros);
            }
        }
        cost
    }

    #[test]
    fn a_line_is_found_and_inverted() {
        let cost = trained(10_000, 100, &[1, 4, 300]);
        let tokens = cost.affordable(TARGET, 4096);
        assert!((399..=401).contains(&tokens), "{tokens}");
    }

    #[test]
    fn steps_of_one_size_give_their_rate() {
        let tokens = trained(0, 1000, &[10]).affordable(TARGET, 4096);
        assert!((49..=50).contains(&tokens), "{tokens}");
    }

    #[test]
    fn limits_hold() {
        assert_eq!(StepCost::default().affordable(TARGET, 4096), 128);
        assert_eq!(StepCost::default().affordable(TARGET, 64), 64);
        assert_eq!(trained(0, 1, &[1, 100]).affordable(TARGET, 512), 512);
        assert_eq!(trained(60_000, 10, &[1, 100]).affordable(TARGET, 512), 0);
    }

    #[test]
    fn it_follows_a_machine_that_became_slower() {
        let mut cost = trained(0, 100, &[50, 100, 400]);
        for _ in 0..200 {
            for size in [50, 100, 400] {
                cost.observe(size, Duration::from_micros(200 * size as u64));
            }
        }
        let tokens = cost.affordable(TARGET, 4096);
        assert!((245..=255).contains(&tokens), "{tokens}");
    }

    #[test]
    fn falling_or_free_steps_do_not_break_it() {
        let mut cost = StepCost::default();
        cost.observe(1, Duration::from_millis(10));
        cost.observe(100, Duration::from_millis(1));
        assert!(cost.affordable(TARGET, 100) <= 100);
        let mut free = StepCost::default();
        free.observe(10, Duration::ZERO);
        assert_eq!(free.affordable(TARGET, 100), 100);
    }
}
