# Noroshi, English. Every message here has its Japanese twin in ja.ftl.
progress-import = reading
progress-plan = asking the gate
progress-verify = verifying
progress-snapshot = copying the store
progress-backup = writing
progress-release = releasing
progress-sync = exchanging
progress-text = building search anew
progress-unpack = unpacking

item-row = { $hash }  { $kind }  { $title }  [{ $marking }]  { $state }
page-end = { $rows } rows
page-more = { $rows } rows; more with --after { $next }
import-done = read { $read }: { $admitted } admitted, { $known } known before, { $held } held, { $refused } refused, { $notes } notes
import-held = { "  " }held: { $count } because { $reason }
note-row = note    { $file }: { $text }
error-row = error   { $file }: { $text }

plan-recipient = For { $name }: { $whole } whole, { $reduced } reduced, { $refer } to ask the originator, { $stays } stay, { $already } sent before
plan-line = { $outcome }  { $title }  ({ $id })
plan-agreement = { "  " }under { $agreement }
plan-clause = { "    " }by clause { $clause }
plan-reason = { "    " }{ $reason }
plan-withheld = { "    " }stays: { $selector } because { $reason }
plan-refer-next = { "    " }ask with: noroshi consent request { $hash } --to { $to } --reason "..." --as NAME
plan-second = A second person must approve.
outcome-release = leaves whole
outcome-reduced = leaves reduced
outcome-refer = ask the originator
outcome-deny = stays

act-row = { $id }  { $kind }  { $state }  asked by { $requester }  until { $expires }
act-done = Done: { $kind } (act { $id }, ledger line { $line }, { $entries } entries for partners)
act-pending = Signed by { $requester }. A second person approves with:
    noroshi act approve { $id } --as NAME

peer-row = { $nation }  { $name }  { $state }  here: { $here }  there: { $there }  waiting: { $waiting }  last contact: { $contact }  { $node }
peer-fingerprint = { "    " }fingerprint: { $digits }
own-row = This node: { $name } ({ $nation }, { $world }) at { $address }, { $node }
yes = yes
no = no
never = never
invite = Code: { $code }   (until { $expires }, { $tries } tries)
    The partner runs: noroshi peer accept { $address } CODE --as NAME
    Then each side reads its fingerprint to the other. This node's:
    { $digits }
    { $words }
peer-paired = Paired with { $name }. Now confirm: ask them to read their fingerprint, then
    noroshi peer confirm { $node } --fingerprint "..." --as NAME

agreement-row = { $standing }, { $assent }  { $title }  until { $until }  { $id }
standing-disputed = binds nobody
assent-joint = joint
assent-national = signed by some
assent-disputed = disputed: a signature does not fit the bytes
standing-in_force = in force
standing-unsigned = not signed by all
standing-not_yet = not yet valid
standing-ended = ended
standing-suspended = suspended
person-row = { $name }  key { $key }  since { $since }  { $revoked }
profile-row = { $name }  { $title }  [{ $markings }]  ordered by { $by }
coalition-row = { $stands } { $coalition } { $serial }  [{ $nations }]  { $from } to { $until }  { $title }
key-row = { $purpose }  { $id }  from { $from }  { $revoked }
receipt-row = { $name }  { $entry } { $number }  { $id }  { $fate }  { $at }
hop-row = { "    " }beyond { $via }: { $name } ({ $nation })  { $fate }  { $proof }
hop-proof-receipt = by its own signed receipt
hop-proof-word = by the word of who passed it on
hop-proof-none = { "" }
hops-row = { "    " }beyond { $via }: { $answered } others answered, { $outstanding } have not
consent-row = { $request }  { $state }  { $part }  { $id }  { $by_name } → { $recipient_name }, originator { $originator_name }, for { $purpose }  until { $until }  { $reason }  { $answer_reason }
consent-part-asked = asked by this node
consent-part-to_answer = asked of this node
consent-part-received = for what this node receives
consent-state-open = open
consent-state-lapsed = lapsed
consent-state-granted = granted
consent-state-expired = expired
consent-state-declined = declined
consent-state-withdrawn = withdrawn
circle-row = circle:{ $name }  { $names }
fate-none = no answer yet
fate-admitted = states: admitted
fate-held = states: held
fate-superseded = states: has newer
fate-withdrawn = states: withdrawn
fate-destroyed = states: destroyed
fate-noted = states: noted
fate-refused = states: refused
fate-void = voided before it left
line-row = { $index }  { $at }  { $line }  { $person }  { $body }
sync-done = { $peers } partners: { $sent } entries delivered, { $received } received, { $out } bytes out, { $in } bytes in
sync-failed = { "  " }not reached: { $peer }: { $why }
verified = Verified from genesis: { $lines } lines, { $receipts } receipts. Root { $root }
verified-log = { "  " }{ $name }: { $sent } sent, { $received } received
proof-holds = The proof holds: entry { $index } of a log of { $size }, root { $root }
held-judged = { $admitted } admitted now, { $held } held still
exported = { $lines } lines written to { $folder }. Verifier key: { $verifier }
backup-row = { $id }  { $state }  { $at }  { $locked }  { $lines } lines  { $bytes } bytes  by { $by }  { $path }
backup-begun = not finished
backup-made = whole
backup-failed = given up
backup-forgotten = destroyed, as stated
backup-holds = Still in a backup: { $path } of { $at }. When it is destroyed:
    noroshi backup forget { $id } --as NAME
backup-verified = backup { $id } of { $at } holds together: { $lines } lines, root { $root }, { $keys } locked keys
recovery-row = { $name }  { $state }  { $waited }  lost of what was sent: { $lost }  came again: { $reread }  still missing: { $missing }  { $note }
restore-waiting = has not answered
restore-answered = has answered
restore-done = all here again
restore-disputed = contradicts
restore-waited = (waited for)
restore-not-waited = (not waited for)
restore-over = Nobody is waited for: the node serves.
restore-waits = The node serves nobody before { $waits } partners are done. Ask them: noroshi peer sync
    Go on without one: noroshi restore skip PEER --as NAME
restored = The node of { $made } stands in { $folder } with new keys; { $lines } lines of its ledger.
    What happened after that its { $partners } partners know: until they have told, it serves nobody.
    What only this node knew is lost: look whether persons were revoked, agreements suspended or rules
    changed since, and do it again.
    Next: noroshi --home { $folder } serve
serve-restoring = Restored from a backup: waiting for { $count } partners, serving nobody. noroshi restore status
locked = locked
plain = not locked, no keys
check-row = { $mark } { $detail }
check-mend = { "    " }→ { $mend }
all-well = All is well.
all-counted = { $look } to look at, { $bad } bad.
no-alarms = No alarm is open.
alarms-listed = { $rows } alarms. When they are seen to: noroshi alarm answer LINE --note "..." --as NAME
alarm-answered = { $alarms } alarms up to line { $up_to } are answered (ledger line { $ledger_line })
text-built = Search was built anew for { $items } items.
doctor-ledger = The ledger ends whole: { $lines } lines
doctor-ledger-broken = The last of { $lines } lines of the ledger cannot be read
mend-ledger-broken = noroshi ledger verify   (it names what is damaged; then: noroshi restore from BACKUP --as NAME)
doctor-items = Items: { $admitted } admitted, { $withdrawn } withdrawn, { $destroyed } destroyed
doctor-text = Search finds each of the newest { $count } items by its words
doctor-text-missing = Search does not find { $missing } of the newest { $count } items by their words
mend-text-missing = noroshi doctor --rebuild-search
doctor-held = Nothing is held
doctor-held-some = { $count } items are held until somebody decides
mend-held-some = noroshi held list
doctor-alarms = No alarm is open
doctor-alarms-open = { $count } alarms nobody answered, the newest in line { $line }: { $why }
mend-alarms-open = noroshi alarm list, and when they are seen to: noroshi alarm answer { $line } --note "..." --as NAME
doctor-acts = No order waits for a second person
doctor-acts-pending = { $count } orders wait for a second person
mend-acts-pending = noroshi act list --state pending, then: noroshi act approve ACT --as NAME
doctor-persons = { $count } persons may sign
doctor-persons-few = { $count } persons may sign; two are needed
mend-persons-few = noroshi restore from BACKUP --as NAME   (one person alone cannot add another)
doctor-peer = { $name }: last contact { $contact }, { $waiting } entries waiting
doctor-peer-none = No partner yet; when there is one: noroshi peer invite --as NAME
doctor-peer-pending = { $name } is not confirmed by both sides: nothing is exchanged
mend-peer-pending = noroshi peer confirm { $nation } --fingerprint "..." --as NAME, then: noroshi peer sync { $nation }
doctor-peer-never = { $name } was never reached; { $waiting } entries wait
mend-peer-never = noroshi peer sync { $nation }
doctor-peer-away = { $name } was not reached for { $days } days, since { $contact }; { $waiting } entries wait
mend-peer-away = noroshi peer sync { $nation }   (it says why; a new address: noroshi peer set { $nation } --address HOST:PORT --as NAME)
doctor-peer-lost = { $name } was not reached for { $days } days, since { $contact }; { $waiting } entries wait
mend-peer-lost = noroshi peer sync { $nation }; call its people; where the peering is over: noroshi peer remove { $nation } --as NAME
doctor-clock = The clock agrees with what partners last signed
doctor-clock-behind = { $name } signed at { $at }, but here it is { $now }: one of the clocks is wrong
mend-clock-behind = timedatectl set-ntp true   (here; if this clock is right, tell the partner)
doctor-clock-went_back = The newest line of the ledger is of { $at }, but here it is { $now }: the clock went back
mend-clock-went_back = timedatectl set-ntp true
doctor-agreement = Agreement { $title }: until { $until }, { $days } days
doctor-agreement-near = Agreement { $title } ends in { $days } days, at { $until }
mend-agreement-near = noroshi agreement template --with PARTNER > draft.json, then: noroshi agreement propose draft.json --as NAME
doctor-agreement-ended = Agreement { $title } ended at { $until }: nothing is released under it
mend-agreement-ended = noroshi agreement template --with PARTNER > draft.json, then: noroshi agreement propose draft.json --as NAME
doctor-agreement-unsigned = Agreement { $title } is not signed by all
mend-agreement-unsigned = noroshi agreement sign { $id } --as NAME, or ask the partner to; then: noroshi peer sync
doctor-agreement-suspended = Agreement { $title } is suspended: nothing is released under it
mend-agreement-suspended = noroshi agreement resume { $id } --as NAME   (where it was this side that suspended it)
doctor-agreement-disputed = Agreement { $title }: a signature does not fit its bytes; it binds nobody
mend-agreement-disputed = noroshi ledger verify; then draw it up anew: noroshi agreement template --with PARTNER
doctor-keys = The node's keys are { $days } days old at most
doctor-keys-old = The key for { $purpose } is { $days } days old; keys serve a year
mend-keys-old = noroshi key rotate { $purpose } --as NAME
doctor-keys-replaced = Key { $key } for { $purpose } was replaced { $days } days ago and still counts
mend-keys-replaced = noroshi key revoke { $key } --as NAME
doctor-files = Nobody else can open the folders and the { $count } files in them
doctor-files-missing = A key file is missing: { $path }
mend-files-missing = noroshi restore from BACKUP --as NAME   (or put the file back)
doctor-files-open_folder = Others can open the folder { $path } (mode { $mode })
mend-files-open_folder = chmod 700 { $path }
doctor-files-open = Others can read the key file { $path } (mode { $mode })
mend-files-open = chmod 600 { $path }, then replace the key: noroshi key rotate PURPOSE --as NAME
doctor-disk = { $free } MiB free on the disk of { $folder }; the store takes { $taken } MiB
doctor-disk-unknown = The disk's free space is not known: { $folder }
mend-disk-unknown = df { $folder }
doctor-disk-low = { $free } MiB free on the disk of { $folder }; the store takes { $taken } MiB, and a backup as much
mend-disk-low = df { $folder }   (make room, or move the folder to a larger disk)
doctor-disk-full = Only { $free } MiB free on the disk of { $folder } (the store takes { $taken } MiB): soon nothing can be accepted
mend-disk-full = df { $folder }   (make room now, or move the folder to a larger disk)
doctor-backup = The newest backup is { $days } days old: { $path }, { $at }
doctor-backup-none = No backup was made yet
mend-backup-none = noroshi backup make FILE --as NAME
doctor-backup-old = The newest backup is { $days } days old: { $path }, { $at }
mend-backup-old = noroshi backup make FILE --as NAME
doctor-root = The identity root is here, locked; it may be kept offline
doctor-root-away = The identity root is kept elsewhere; key rotate and key revoke ask for it
doctor-restore-waits = Restored from a backup: { $count } partners have not told what was lost, and nothing is served
mend-restore-waits = noroshi restore status, then: noroshi peer sync
manifest = Manifest { $serial } of { $issued }
failed = failed: { $detail }

gate-unmarked = it carries no release marking
gate-unknown_marking = the marking { $marking } is not known here
gate-barred = { $axis } bars release to { $recipient }: only { $owner } may hold it
gate-not_on_roster = { $axis } does not name { $recipient }
gate-display_only = { $axis }: { $recipient } may see it but not hold a copy
gate-stays_inside = { $axis }:{ $level } never leaves the organisation
gate-not_encrypted = { $axis }:{ $level } goes over encrypted roads only
gate-not_yet_valid = its marking begins at { $from }
gate-no_longer_valid = its marking ended at { $until }
gate-source_consent = { $axis }: { $source } has not consented
gate-above_ceiling = { $axis }:{ $level } is above the agreed { $ceiling }
gate-not_covered = no agreement in force covers { $axis }:{ $level }
gate-no_agreement = there is no agreement with this partner
gate-not_in_force = agreement { $agreement } is not in force: { $standing }
gate-type_not_covered = no agreement in force covers objects of type { $kind }
gate-purpose_not_covered = no agreement in force covers the purpose { $purpose }
gate-peer_not_confirmed = the partner is { $state }: it receives nothing
gate-other_world = exercise and operational data never mix
gate-originator_consent = it came from { $originator }, who has not agreed to passing it on
gate-not_available = it is withdrawn or held here
gate-required_withheld = { $property } must stay, and without it the object is none
gate-reduction_invalid = what could be released is no valid object: { $problem }
gate-lowers_marking = it lowers the marking from { $before } to { $now }: two persons must agree
gate-not_the_originator = only { $originator }, who made it, may bring a new version
gate-may_not_pass_on = { $sender } may not pass on what { $originator } made
gate-not_a_party = the document concerns others

serve-ready = { $name } serves at { $address }. Fingerprint: { $digits }
serve-stop = Stopped in good order.
init-done = { $name } stands in { $folder }.
    Node { $node }
    Fingerprint: { $digits }
    Next: noroshi --home { $folder } serve
ask-passphrase = Passphrase of { $person }:
ask-new-passphrase = New passphrase of { $person } (8 characters or more):
person-added = The key of { $person } is made. Adding the person is an act:

demo-title = Noroshi: two sovereign nodes, one agreement, every step checked at the other side
demo-step = [{ $number }] { $text }
demo-check = { $mark } { $text }
demo-init = Two nodes come to be: { $jp } and { $us }
demo-pair = They meet by a spoken code; each side's people confirm the other's fingerprint
demo-agree = They draw up an agreement; two persons on each side sign it
demo-import = Each loads real data under a source profile
demo-share = They share both ways
demo-closed = An item marked NOFORN and one marked 特定秘密 stay
demo-reduce = An item with one closed property leaves without it
demo-recall = An item is recalled and destroyed; the partner answers with a signed receipt
demo-ledger = A proof from one ledger is checked by the other side; both verify from genesis
demo-check-confirmed = both ledgers hold both confirmations
demo-check-agreement = the agreement is in force on both sides
demo-check-shared-us = Japan holds the { $count } ATT&CK objects the United States released
demo-check-shared-jp = the United States holds the { $count } vulnerabilities Japan released
demo-check-receipts = every release is answered by the partner's own signed receipt ({ $count })
demo-check-noforn = NOFORN: stayed by rule { $rule }; Japan's node does not know it
demo-check-sds = 特定秘密: stayed by rule { $rule }; the United States' node does not know it
demo-check-reduced = Japan holds the item without { $property }; no byte of it arrived
demo-check-recalled = Japan's node states: destroyed; neither search nor show finds the content
demo-check-recall-proof = Japan's receipt stands in Japan's own log, proved by its signed checkpoint
demo-check-proof = Japan's proof of release is checked by the United States
demo-check-verify = both nodes verify ledger, logs and receipts from genesis
demo-passed = All { $count } checks held, in { $seconds } s.
demo-failed = { $count } checks failed: { $faults }
demo-planted = (fault planted: { $fault })
demo-kept = Both nodes go on. Talk to them with:
    { $jp }
    { $us }
    Stop them with Ctrl-C.
