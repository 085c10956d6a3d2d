//! Where the models of a system-defined inference profile run: the Regions behind `us.`, `eu.` and the others.
//!
//! Bedrock's own lists differ from model to model and with the source Region; here a geography has one list, of at most
//! the five models that the shape allows.

use crate::model_id::Geo;

/// The Regions of a geo prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geography {
    /// The prefix.
    pub geo: Geo,
    /// Its name in the names of profiles.
    pub name: &'static str,
    /// The Regions that its profiles name as destinations, one to five.
    pub regions: &'static [&'static str],
    /// What the source Regions begin with in which its profiles are listed.
    sources: &'static [&'static str],
}

const GEOGRAPHIES: &[Geography] = &[
    Geography {
        geo: Geo::Us,
        name: "US",
        regions: &["us-east-1", "us-east-2", "us-west-2"],
        sources: &["us-east-", "us-west-"],
    },
    Geography {
        geo: Geo::Eu,
        name: "EU",
        regions: &["eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-3"],
        sources: &["eu-"],
    },
    Geography {
        geo: Geo::Apac,
        name: "APAC",
        regions: &[
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
        ],
        sources: &["ap-"],
    },
    Geography {
        geo: Geo::Jp,
        name: "JP",
        regions: &["ap-northeast-1", "ap-northeast-3"],
        sources: &["ap-northeast-1", "ap-northeast-3"],
    },
    Geography {
        geo: Geo::Au,
        name: "AU",
        regions: &["ap-southeast-2", "ap-southeast-4"],
        sources: &["ap-southeast-2", "ap-southeast-4"],
    },
    Geography {
        geo: Geo::Ca,
        name: "CA",
        regions: &["ca-central-1", "ca-west-1"],
        sources: &["ca-"],
    },
    Geography {
        geo: Geo::In,
        name: "IN",
        regions: &["ap-south-1", "ap-south-2"],
        sources: &["ap-south-"],
    },
    Geography {
        geo: Geo::UsGov,
        name: "US-GOV",
        regions: &["us-gov-east-1", "us-gov-west-1"],
        sources: &["us-gov-"],
    },
    Geography {
        geo: Geo::Global,
        name: "Global",
        regions: &["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "ap-northeast-1"],
        sources: &[""],
    },
];

impl Geography {
    /// That of a prefix.
    #[must_use]
    pub fn of(geo: Geo) -> &'static Geography {
        // Every prefix has a row; a test holds it.
        GEOGRAPHIES.iter().find(|row| row.geo == geo).unwrap_or(&GEOGRAPHIES[0])
    }

    /// Those whose profiles a source Region lists.
    pub fn from_source(region: &str) -> impl Iterator<Item = &'static Geography> {
        GEOGRAPHIES
            .iter()
            .filter(move |row| row.sources.iter().any(|beginning| region.starts_with(beginning)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_has_one_to_five_regions_of_its_own_that_list_it() {
        for geo in Geo::all() {
            let geography = Geography::of(geo);
            assert_eq!(geography.geo, geo);
            assert!((1..=5).contains(&geography.regions.len()), "{geo}");
            for region in geography.regions {
                assert!(Geography::from_source(region).any(|row| row.geo == geo), "{geo} {region}");
            }
        }
        assert_eq!(Geo::all().count(), GEOGRAPHIES.len());
    }

    #[test]
    fn a_region_lists_its_geographies_and_the_whole_world() {
        let names = |region| {
            let rows = Geography::from_source(region);
            rows.map(|row| row.geo.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("us-east-1"), "us global");
        assert_eq!(names("us-gov-west-1"), "us-gov global");
        assert_eq!(names("eu-central-1"), "eu global");
        assert_eq!(names("ap-northeast-1"), "apac jp global");
        assert_eq!(names("ap-southeast-2"), "apac au global");
        assert_eq!(names("ap-south-1"), "apac in global");
        assert_eq!(names("ca-central-1"), "ca global");
        assert_eq!(names("me-central-1"), "global");
    }
}
