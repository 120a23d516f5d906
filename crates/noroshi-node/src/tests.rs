//! Two nodes in one process, a road between them that a test can bend, peers that lie, and what
//! becomes of items that are held.

mod acts;
mod admission;
mod agreements;
mod backups;
mod balance;
mod beside;
mod canary;
mod circles;
mod coalitions;
mod config;
mod connect;
mod consent;
mod cosigns;
mod defects;
mod doctor;
mod exports;
mod frozen;
mod hops;
mod keys;
mod ledgers;
mod lies;
mod pairings;
mod proofs;
mod restores;
mod review;
mod revoked;
mod roads;
mod signin;
mod stage;
mod taxii;
mod tearline;
mod third;
mod twins;
mod types;
mod views;
