//! What the review finds: stable codes with typed arguments, the place, and how grave it is.

use noroshi_model::selector::Selector;
use noroshi_model::{ItemHash, StixId, Timestamp};

use super::rules::Severity;
use crate::coded::coded;

coded! {
    /// What a person should look at before an item leaves.
    Concern
    /// A text carries a mark stricter than the item.
    Marking {
        /// As it stands there.
        mark: String,
        /// What it asks; `?` for a control this node does not know.
        asks: String
    } = "review.marking", "`{mark}` marks more than the item does: {asks}";
    /// A text names an object the recipient may not see.
    ClosedId {
        /// Which.
        id: StixId
    } = "review.closed_id", "it names {id}, which this recipient may not see";
    /// A text names a version the recipient may not see.
    ClosedHash {
        /// Which.
        hash: ItemHash
    } = "review.closed_hash", "it names item {hash}, which this recipient may not see";
    /// A text names somebody or something that is known here only from what is closed.
    ClosedName {
        /// The name as it stands there.
        name: String,
        /// An item that bears it.
        item: ItemHash
    } = "review.closed_name", "`{name}` is the name of item {item}, which this recipient may not see";
    /// A link or host of an internal network.
    LinkInternal {
        /// The host.
        host: String
    } = "review.link_internal", "it leads to {host} on an internal network";
    /// A link to a government's or armed force's host that is not its public site.
    LinkGovernment {
        /// The host.
        host: String
    } = "review.link_government", "it leads to {host}: is that one public?";
    /// A link to a file.
    LinkLocal {
        /// The link.
        link: String
    } = "review.link_local", "it leads to a file: {link}";
    /// The name of a share.
    Share {
        /// The name.
        share: String
    } = "review.share", "it names a share: {share}";
    /// A link with credentials in it.
    LinkCredentials {
        /// The host.
        host: String
    } = "review.link_credentials", "the link to {host} carries credentials";
    /// A link with a parameter that follows people.
    LinkTracking {
        /// The parameter.
        parameter: String
    } = "review.link_tracking", "the link carries `{parameter}`, which tells who followed it";
    /// An address of an internal network in a text.
    AddressInternal {
        /// The address.
        address: String
    } = "review.address_internal", "{address} is an address of an internal network";
    /// A mail address.
    Mail {
        /// Its domain.
        domain: String
    } = "review.mail", "a mail address at {domain}: whose is it?";
    /// A telephone number.
    Telephone {} = "review.telephone", "this looks like a telephone number";
    /// A clock time in somebody's zone.
    TimeZone {
        /// The zone.
        zone: String
    } = "review.time_zone", "a time in {zone} tells where its source works";
    /// A time of something past that has not come.
    FutureTime {
        /// When.
        at: Timestamp
    } = "review.future_time", "{at} has not come yet";
    /// A word of this node's own list.
    OwnWord {
        /// Which.
        word: String
    } = "review.own_word", "`{word}` is on this organisation's list of words that stay";
    /// A character that turns the direction of writing or carries hidden text.
    Hidden {
        /// Its code point.
        character: String
    } = "review.hidden", "a hidden character, {character}";
    /// A character without width.
    Invisible {
        /// Its code point.
        character: String
    } = "review.invisible", "an invisible character, {character}";
    /// A word of letters from two scripts that look alike.
    MixedScript {
        /// The word.
        word: String
    } = "review.mixed_script", "`{word}` mixes letters of several scripts";
    /// A long run that may carry anything.
    Blob {
        /// Its length in characters.
        length: usize
    } = "review.blob", "{length} characters without a gap may carry anything";
    /// There are more findings than are listed.
    TooMany {
        /// How many more.
        count: usize
    } = "review.too_many", "{count} findings more";
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub concern: Concern,
    /// In which property.
    pub place: Selector,
    /// The first byte within its text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// What it does.
    pub severity: Severity,
}
