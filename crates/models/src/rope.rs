//! Rotary position angles.

use crate::arch::Config;

/// Cosines and sines by position, made as positions are first needed. Angles are computed in double precision from
/// the absolute position, so a position's row never depends on others.
#[derive(Debug)]
pub(crate) struct RopeTable {
    /// Angle per position of each pair.
    frequencies: Vec<f64>,
    /// For each position the cosines, then the sines, of all pairs.
    rows: Vec<f32>,
    positions: usize,
}

impl RopeTable {
    /// `factors` divide the frequencies (`rope_freqs.weight`, one per pair).
    pub(crate) fn new(config: &Config, factors: Option<&[f32]>) -> Self {
        let pairs = config.rope_dims / 2;
        let frequency = |pair: usize| {
            let exponent = -2.0 * pair as f64 / config.rope_dims as f64;
            let factor =
                factors.map_or(1.0, |f| f64::from(f[pair])) * f64::from(config.rope_factor);
            f64::from(config.rope_base).powf(exponent) / factor
        };
        Self { frequencies: (0..pairs).map(frequency).collect(), rows: Vec::new(), positions: 0 }
    }

    /// Makes the rows below `end`.
    pub(crate) fn extend(&mut self, end: usize) {
        if end <= self.positions {
            return;
        }
        for position in self.positions..end {
            let angles = self.frequencies.iter().map(|f| f * position as f64);
            self.rows.extend(angles.clone().map(|a| a.cos() as f32));
            self.rows.extend(angles.map(|a| a.sin() as f32));
        }
        self.positions = end;
    }

    /// Cosines and sines of a position that `extend` made.
    pub(crate) fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let pairs = self.frequencies.len();
        self.rows[2 * pairs * position..2 * pairs * (position + 1)].split_at(pairs)
    }
}
