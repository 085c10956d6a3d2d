//! How long a step will take, and so how much prefill fits into it.
//!
//! Steps follow `seconds = base + token * tokens + row * decode rows`: reading weights, arithmetic per token, and
//! what a row of a sequence of its own costs on top. The three are found by least squares over the steps seen, recent
//! ones counting more, none below zero.

use std::time::Duration;

/// What was computed in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Decode rows: one token of a sequence each.
    pub(crate) rows: usize,
    /// Tokens of prefill chunks.
    pub(crate) prefill: usize,
}

/// Each new step takes this share of the weight from all older ones.
const FORGET: f64 = 0.05;
const BASE: usize = 0;
const TOKEN: usize = 1;
const ROW: usize = 2;

/// Predicts steps from observed ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepCost {
    /// The normal equations, decayed: sums of products of the features, and of features and seconds.
    gram: [[f64; 3]; 3],
    moments: [f64; 3],
    /// Seconds: base, per token, per row on top.
    cost: [f64; 3],
}

impl StepCost {
    /// Takes in a finished step.
    pub(crate) fn observe(&mut self, work: Work, duration: Duration) {
        let features = [1.0, (work.rows + work.prefill) as f64, work.rows as f64];
        let seconds = duration.as_secs_f64();
        for (i, &feature) in features.iter().enumerate() {
            self.moments[i] = self.moments[i] * (1.0 - FORGET) + feature * seconds;
            for (sum, &other) in self.gram[i].iter_mut().zip(&features) {
                *sum = *sum * (1.0 - FORGET) + feature * other;
            }
        }
        self.solve();
    }

    /// Coordinate descent from the last solution. What the recent steps do not tell (steps of one size only) stays
    /// as it was.
    fn solve(&mut self) {
        const SWEEPS: usize = 30;
        for _ in 0..SWEEPS {
            for i in [TOKEN, ROW, BASE] {
                let others = (0..3).filter(|&j| j != i).map(|j| self.gram[i][j] * self.cost[j]);
                let rest = self.moments[i] - others.sum::<f64>();
                if self.gram[i][i] > 0.0 {
                    self.cost[i] = (rest / self.gram[i][i]).max(0.0);
                }
            }
        }
    }

    fn rows(&self, rows: usize) -> f64 {
        self.cost[BASE] + (self.cost[TOKEN] + self.cost[ROW]) * rows as f64
    }

    /// How many prefill tokens fit beside `rows` decode rows: into `target`, and so that the step takes at most
    /// `stretch` times as long as the rows alone (nobody's stream stutters; but steps below a 25th of the target are
    /// short enough for anyone). At most `limit`. Before the first step: a careful guess.
    pub(crate) fn prefill_beside(&self, rows: usize, span: Span, limit: usize) -> usize {
        const GUESS: usize = 128;
        const SHORT: f64 = 0.04;
        if self.gram[BASE][BASE] == 0.0 {
            return GUESS.min(limit);
        }
        let (alone, target) = (self.rows(rows), span.target.as_secs_f64());
        let stretched = (alone * span.stretch).max(target * SHORT);
        let end = if rows == 0 { target } else { target.min(stretched) };
        let room = (end - alone).max(0.0);
        if self.cost[TOKEN] * limit as f64 <= room {
            return limit;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and limit, by the line above"
        )]
        let tokens = (room / self.cost[TOKEN]) as usize;
        tokens.min(limit)
    }

    /// How many prefill tokens take as long as one decode row, at least 1 and at most `limit`.
    pub(crate) fn row_worth(&self, limit: usize) -> usize {
        (1..limit).find(|&n| self.cost[ROW] <= self.cost[TOKEN] * (n as f64 - 0.5)).unwrap_or(limit)
    }
}

/// How long a step may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// At most this.
    pub(crate) target: Duration,
    /// At most this many times as long as its decode rows alone.
    pub(crate) stretch: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(50);

    fn prefill(prefill: usize) -> Work {
        Work { rows: 0, prefill }
    }

    fn affordable(cost: &StepCost, rows: usize) -> usize {
        cost.prefill_beside(rows, Span { target: TARGET, stretch: 3.0 }, 4096)
    }

    /// Steps of a machine with these costs in microseconds.
    fn trained(costs: [usize; 3], steps: &[Work]) -> StepCost {
        let mut cost = StepCost::default();
        train(&mut cost, costs, steps);
        cost
    }

    fn train(cost: &mut StepCost, costs: [usize; 3], steps: &[Work]) {
        let [base, token, row] = costs;
        for _ in 0..100 {
            for &work in steps {
                let micros = base + token * (work.rows + work.prefill) + row * work.rows;
                cost.observe(work, Duration::from_micros(micros as u64));
            }
        }
    }

    #[test]
    fn base_and_slope_are_found() {
        let cost = trained([10_000, 100, 0], &[prefill(1), prefill(4), prefill(300)]);
        let tokens = affordable(&cost, 0);
        assert!((395..=401).contains(&tokens), "{tokens}");
    }

    #[test]
    fn rows_may_cost_more_than_prefill_tokens() {
        let steps = [prefill(200), Work { rows: 16, prefill: 0 }, Work { rows: 8, prefill: 30 }];
        let cost = trained([500, 50, 200], &steps);
        // Sixteen rows take 4.5 ms; three times that leaves 9 ms for prefill.
        let tokens = affordable(&cost, 16);
        assert!((174..=186).contains(&tokens), "{tokens}");
        assert!((4..=6).contains(&cost.row_worth(100)), "{}", cost.row_worth(100));
        // At 100 rows the target is what limits: 50 ms - 25.5 ms.
        let tokens = affordable(&cost, 100);
        assert!((470..=510).contains(&tokens), "{tokens}");
    }

    #[test]
    fn short_steps_may_stretch_further() {
        let cost = trained([0, 10, 0], &[prefill(100), Work { rows: 1, prefill: 0 }]);
        let tokens = affordable(&cost, 1);
        assert!((190..=200).contains(&tokens), "2 ms: {tokens}");
    }

    #[test]
    fn steps_of_one_size_give_their_rate() {
        let tokens = affordable(&trained([0, 1000, 0], &[prefill(10)]), 0);
        assert!((49..=50).contains(&tokens), "{tokens}");
    }

    #[test]
    fn limits_hold() {
        let span = Span { target: TARGET, stretch: 3.0 };
        assert_eq!(StepCost::default().prefill_beside(0, span, 4096), 128);
        assert_eq!(StepCost::default().prefill_beside(0, span, 64), 64);
        assert_eq!(StepCost::default().row_worth(10), 1);
        let fast = trained([0, 1, 0], &[prefill(1), prefill(100)]);
        assert_eq!(fast.prefill_beside(0, span, 512), 512);
        let slow = trained([60_000, 10, 0], &[prefill(1), prefill(100)]);
        assert_eq!(slow.prefill_beside(0, span, 512), 0);
        let mut free = StepCost::default();
        free.observe(prefill(10), Duration::ZERO);
        assert_eq!(free.prefill_beside(0, span, 100), 100);
    }

    #[test]
    fn it_follows_a_machine_that_became_slower() {
        let steps = [prefill(50), prefill(100), prefill(400)];
        let mut cost = trained([0, 100, 0], &steps);
        train(&mut cost, [0, 200, 0], &steps);
        let tokens = affordable(&cost, 0);
        assert!((245..=255).contains(&tokens), "{tokens}");
    }
}
