//! Laws and hostile inputs over small vocabularies made here.

use super::*;
