//! The crate from outside: synthetic labels with known answers, hostile bytes, and the real scans where they are at hand.

mod anatomy;
mod contact;
mod dicom;
mod dissection;
mod export;
mod formats;
mod hostile;
mod import;
mod importer;
mod pad;
mod phantom;
mod real;
mod recipe;
mod surfaces;
mod tissue;
mod vessels;
mod volumes;
