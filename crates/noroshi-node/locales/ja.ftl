# Noroshi 日本語。すべてのメッセージは en.ftl と対になる。
progress-import = 読込中
progress-plan = 審査中
progress-snapshot = 保存内容を写しています
progress-backup = 書いています
progress-release = 提供の準備中
progress-sync = 通信中
progress-text = 検索用索引を作成中
progress-unpack = 取り出しています
progress-verify = 検証中

item-row = { $hash }  { $kind }  { $title }  [{ $marking }]  { $state }
page-end = { $rows } 件
page-more = { $rows } 件。続きは --after { $next }
import-done = 読込 { $read } 件: 受入 { $admitted }、既知 { $known }、保留 { $held }、拒否 { $refused }、注記 { $notes }
import-held = { "  " }保留: { $count } 件。理由: { $reason }
note-row = 注記    { $file }: { $text }
error-row = 誤り    { $file }: { $text }

plan-recipient = { $name } 宛: 全部 { $whole } 件、一部除去 { $reduced } 件、作成元へ照会 { $refer } 件、提供せず { $stays } 件、提供済み { $already } 件
plan-line = { $outcome }  { $title }  ({ $id })
plan-agreement = { "  " }根拠の取決め: { $agreement }
plan-clause = { "    " }根拠の条項: { $clause }
plan-reason = { "    " }{ $reason }
plan-withheld = { "    " }提供しない項目: { $selector }。理由: { $reason }
plan-refer-next = { "    " }照会: noroshi consent request { $hash } --to { $to } --reason "..." --as 名前
plan-second = もう一人の承認が必要です。
outcome-release = 全部を提供
outcome-reduced = 一部を除いて提供
outcome-refer = 作成元へ照会
outcome-deny = 提供しない

act-row = { $id }  { $kind }  { $state }  申請者 { $requester }  期限 { $expires }
act-done = 完了: { $kind }（行為 { $id }、台帳 { $line } 行目、相手への記録 { $entries } 件）
act-pending = { $requester } が署名しました。もう一人が次で承認します:
    noroshi act approve { $id } --as 氏名

peer-row = { $nation }  { $name }  { $state }  当方確認: { $here }  先方確認: { $there }  未送: { $waiting }  最終通信: { $contact }  { $node }
peer-fingerprint = { "    " }指紋: { $digits }
own-row = 当ノード: { $name }（{ $nation }、{ $world }）{ $address }、{ $node }
yes = 済
no = 未
never = なし
invite = 符号: { $code }   （{ $expires } まで、{ $tries } 回まで）
    相手方の操作: noroshi peer accept { $address } 符号 --as 氏名
    その後、互いに指紋を読み上げます。当ノードの指紋:
    { $digits }
    { $words }
peer-paired = { $name } と対になりました。相手に指紋を読み上げてもらい、確認してください:
    noroshi peer confirm { $node } --fingerprint "..." --as 氏名

agreement-row = { $standing }（{ $assent }）  { $title }  { $until } まで  { $id }
standing-disputed = 効力なし
assent-joint = 共同
assent-national = 一部のみ署名
assent-disputed = 争いあり: 署名が内容に合いません
standing-in_force = 発効中
standing-unsigned = 署名未了
standing-not_yet = 発効前
standing-ended = 終了
standing-suspended = 停止中
person-row = { $name }  鍵 { $key }  { $since } から  { $revoked }
profile-row = { $name }  { $title }  [{ $markings }]  指示者 { $by }
coalition-row = { $stands } { $coalition } { $serial }  [{ $nations }]  { $from } から { $until } まで  { $title }
key-row = { $purpose }  { $id }  { $from } から  { $revoked }
receipt-row = { $name }  { $entry } { $number }  { $id }  { $fate }  { $at }
hop-row = { "    " }{ $via } の先: { $name } ({ $nation })  { $fate }  { $proof }
hop-proof-receipt = 本人の署名した受領書による
hop-proof-word = 転送元の申告による
hop-proof-none = { "" }
hops-row = { "    " }{ $via } の先: ほかに回答済み { $answered }、未回答 { $outstanding }
consent-row = { $request }  { $state }  { $part }  { $id }  { $by_name } → { $recipient_name }、作成元 { $originator_name }、目的 { $purpose }  期限 { $until }  { $reason }  { $answer_reason }
consent-part-asked = 本ノードが照会
consent-part-to_answer = 本ノードへの照会
consent-part-received = 本ノードが受領するもの
consent-state-open = 回答待ち
consent-state-lapsed = 失効した照会
consent-state-granted = 同意
consent-state-expired = 期限切れ
consent-state-declined = 不同意
consent-state-withdrawn = 撤回
circle-row = circle:{ $name }  { $names }
fate-none = 回答待ち
fate-admitted = 先方の申告: 受入
fate-held = 先方の申告: 保留
fate-superseded = 先方の申告: 新版あり
fate-withdrawn = 先方の申告: 撤回済み
fate-destroyed = 先方の申告: 破棄済み
fate-noted = 先方の申告: 記録
fate-refused = 先方の申告: 拒否
fate-void = 送付前に無効
line-row = { $index }  { $at }  { $line }  { $person }  { $body }
sync-done = 相手 { $peers }: 送付 { $sent } 件、受領 { $received } 件、送信 { $out } バイト、受信 { $in } バイト
sync-failed = { "  " }接続できず: { $peer }: { $why }
verified = 起源から検証: { $lines } 行、受領証 { $receipts } 通。根 { $root }
verified-log = { "  " }{ $name }: 送付 { $sent }、受領 { $received }
proof-holds = 証明は成立: 全 { $size } 件の記録の { $index } 番、根 { $root }
held-judged = 受け入れ { $admitted } 件、保留のまま { $held } 件
exported = { $lines } 行を { $folder } に書き出しました。検証鍵: { $verifier }
backup-row = { $id }  { $state }  { $at }  { $locked }  台帳 { $lines } 行  { $bytes } バイト  { $by }  { $path }
backup-begun = 未完
backup-made = 完全
backup-failed = 中止
backup-forgotten = 廃棄済みと申告
backup-holds = まだ控えに残っています: { $at } の { $path }。廃棄した後に:
    noroshi backup forget { $id } --as 名前
backup-verified = 控え { $id }（{ $at }）に誤りはありません。台帳 { $lines } 行、根 { $root }、施錠された鍵 { $keys } 個
recovery-row = { $name }  { $state }  { $waited }  送った分の喪失: { $lost }  再受信: { $reread }  未着: { $missing }  { $note }
restore-waiting = 未回答
restore-answered = 回答済み
restore-done = すべて復旧
restore-disputed = 食い違いあり
restore-waited = （待っています）
restore-not-waited = （待ちません）
restore-over = 待っている相手はありません。ノードは通常どおり動いています。
restore-waits = あと { $waits } の相手が済むまで何も提供しません。尋ねるには: noroshi peer sync
    待たずに進めるには: noroshi restore skip 相手 --as 名前
restored = { $made } のノードを新しい鍵で { $folder } に戻しました。台帳 { $lines } 行。
    その後のことは { $partners } の相手が知っています。聞き終えるまで何も提供しません。
    このノードだけが知っていたことは失われました。担当者の取り消し、協定の停止、規則の変更が
    その後になかったか確かめ、あればやり直してください。
    次に: noroshi --home { $folder } serve
serve-restoring = 控えから戻りました。{ $count } の相手を待っており、何も提供しません。noroshi restore status
locked = 施錠
plain = 施錠なし・鍵なし
check-row = { $mark } { $detail }
check-mend = { "    " }→ { $mend }
all-well = 異常なし。
all-counted = 要確認 { $look } 件、異常 { $bad } 件。
no-alarms = 未対応の警報はありません。
alarms-listed = 警報 { $rows } 件。対処の後に: noroshi alarm answer 行 --note "..." --as 氏名
alarm-answered = { $up_to } 行目までの警報 { $alarms } 件に対応済みと記録しました（台帳 { $ledger_line } 行目）
text-built = { $items } 件の検索用索引を作り直しました。
doctor-ledger = 台帳の末尾に異常なし: { $lines } 行
doctor-ledger-broken = 台帳 { $lines } 行の最後が読めない
mend-ledger-broken = noroshi ledger verify   （損傷箇所を示します。その後: noroshi restore from 控え --as 氏名）
doctor-items = 項目: 受入 { $admitted } 件、撤回 { $withdrawn } 件、破棄 { $destroyed } 件
doctor-text = 検索で最新の { $count } 件がすべて見つかる
doctor-text-missing = 最新の { $count } 件のうち { $missing } 件が検索で見つからない
mend-text-missing = noroshi doctor --rebuild-search
doctor-held = 保留中の項目はない
doctor-held-some = { $count } 件が判断を待って保留中
mend-held-some = noroshi held list
doctor-alarms = 未対応の警報はない
doctor-alarms-open = 未対応の警報 { $count } 件。最新は台帳 { $line } 行目: { $why }
mend-alarms-open = noroshi alarm list で確かめ、対処の後に: noroshi alarm answer { $line } --note "..." --as 氏名
doctor-acts = 二人目の承認を待つ行為はない
doctor-acts-pending = { $count } 件の行為が二人目の承認を待っている
mend-acts-pending = noroshi act list --state pending の後に: noroshi act approve 行為 --as 氏名
doctor-persons = 署名できる担当者は { $count } 名
doctor-persons-few = 署名できる担当者が { $count } 名しかいない。二名が必要
mend-persons-few = noroshi restore from 控え --as 氏名   （一人では担当者を追加できません）
doctor-peer = { $name }: 最終通信 { $contact }、未送 { $waiting } 件
doctor-peer-none = 相手はまだいない。結ぶには: noroshi peer invite --as 氏名
doctor-peer-pending = { $name } との相互確認が未了。何もやり取りされない
mend-peer-pending = noroshi peer confirm { $nation } --fingerprint "..." --as 氏名 の後に: noroshi peer sync { $nation }
doctor-peer-never = { $name } とはまだ通信していない。未送 { $waiting } 件
mend-peer-never = noroshi peer sync { $nation }
doctor-peer-away = { $name } と { $days } 日間通信がない（最終 { $contact }）。未送 { $waiting } 件
mend-peer-away = noroshi peer sync { $nation }   （原因を示します。アドレスの変更: noroshi peer set { $nation } --address ホスト:ポート --as 氏名）
doctor-peer-lost = { $name } と { $days } 日間通信がない（最終 { $contact }）。未送 { $waiting } 件
mend-peer-lost = noroshi peer sync { $nation } を試し、先方に連絡してください。関係を終えるなら: noroshi peer remove { $nation } --as 氏名
doctor-clock = 時計は相手の最後の署名と矛盾しない
doctor-clock-behind = { $name } の署名は { $at }、当ノードの時計は { $now }。どちらかが狂っている
mend-clock-behind = timedatectl set-ntp true   （当ノードの時計が正しければ先方に知らせてください）
doctor-clock-went_back = 台帳の最新行は { $at }、現在の時計は { $now }。時計が戻っている
mend-clock-went_back = timedatectl set-ntp true
doctor-agreement = 協定「{ $title }」: { $until } まで、残り { $days } 日
doctor-agreement-near = 協定「{ $title }」があと { $days } 日（{ $until }）で終わる
mend-agreement-near = noroshi agreement template --with 相手 > draft.json の後に: noroshi agreement propose draft.json --as 氏名
doctor-agreement-ended = 協定「{ $title }」は { $until } に終了。これに基づく提供はできない
mend-agreement-ended = noroshi agreement template --with 相手 > draft.json の後に: noroshi agreement propose draft.json --as 氏名
doctor-agreement-unsigned = 協定「{ $title }」は全員の署名が揃っていない
mend-agreement-unsigned = noroshi agreement sign { $id } --as 氏名、または相手に依頼。その後: noroshi peer sync
doctor-agreement-suspended = 協定「{ $title }」は停止中。これに基づく提供はできない
mend-agreement-suspended = noroshi agreement resume { $id } --as 氏名   （当ノードが停止した場合）
doctor-agreement-disputed = 協定「{ $title }」の署名が内容に合わない。効力がない
mend-agreement-disputed = noroshi ledger verify の後に作り直してください: noroshi agreement template --with 相手
doctor-keys = ノードの鍵は古いもので { $days } 日
doctor-keys-old = { $purpose } の鍵は { $days } 日前のもの。鍵は一年で替える
mend-keys-old = noroshi key rotate { $purpose } --as 氏名
doctor-keys-replaced = { $purpose } の鍵 { $key } は { $days } 日前に交換され、まだ有効
mend-keys-replaced = noroshi key revoke { $key } --as 氏名
doctor-files = フォルダーとその { $count } 個のファイルを他の利用者は開けない
doctor-files-missing = 鍵のファイルがない: { $path }
mend-files-missing = noroshi restore from 控え --as 氏名   （またはファイルを元に戻す）
doctor-files-open_folder = フォルダー { $path } を他の利用者が開ける（{ $mode }）
mend-files-open_folder = chmod 700 { $path }
doctor-files-open = 鍵のファイル { $path } を他の利用者が読める（{ $mode }）
mend-files-open = chmod 600 { $path } の後に鍵を交換: noroshi key rotate 用途 --as 氏名
doctor-disk = { $folder } の空き容量 { $free } MiB、保存領域 { $taken } MiB
doctor-disk-unknown = 空き容量が分からない: { $folder }
mend-disk-unknown = df { $folder }
doctor-disk-low = { $folder } の空き容量 { $free } MiB。保存領域は { $taken } MiB で、控えも同じだけ要る
mend-disk-low = df { $folder }   （空きを作るか、大きなディスクに移してください）
doctor-disk-full = { $folder } の空き容量が { $free } MiB しかない（保存領域 { $taken } MiB）。まもなく何も受け入れられない
mend-disk-full = df { $folder }   （すぐに空きを作るか、大きなディスクに移してください）
doctor-backup = 最新の控えは { $days } 日前: { $path }、{ $at }
doctor-backup-none = 控えはまだない
mend-backup-none = noroshi backup make ファイル --as 氏名
doctor-backup-old = 最新の控えが { $days } 日前のもの: { $path }、{ $at }
mend-backup-old = noroshi backup make ファイル --as 氏名
doctor-root = 根の鍵はここにある（施錠済み）。別の場所で保管してもよい
doctor-root-away = 根の鍵は別の場所で保管。key rotate と key revoke に必要
doctor-restore-waits = 控えから戻ったばかりで、{ $count } の相手がまだ答えていない。何も提供しない
mend-restore-waits = noroshi restore status の後に: noroshi peer sync
manifest = 鍵目録 { $serial }（{ $issued }）
failed = 失敗: { $detail }

gate-unmarked = 提供に関する標示がない
gate-unknown_marking = 標示 { $marking } は当ノードで知られていない
gate-barred = { $axis } により { $recipient } への提供は禁止。{ $owner } のみ保有可
gate-not_on_roster = { $axis } に { $recipient } が含まれていない
gate-display_only = { $axis }: { $recipient } は閲覧のみ可、写しの保有は不可
gate-stays_inside = { $axis }:{ $level } は組織外に出せない
gate-not_encrypted = { $axis }:{ $level } は暗号化された経路でのみ送れる
gate-not_yet_valid = 区分の有効期間は { $from } から
gate-no_longer_valid = 区分の有効期間は { $until } に終了した
gate-source_consent = { $axis }: { $source } の同意がない
gate-above_ceiling = { $axis }:{ $level } は合意した上限 { $ceiling } を超える
gate-not_covered = 発効中の合意は { $axis }:{ $level } を対象としていない
gate-no_agreement = この相手との合意がない
gate-not_in_force = 合意 { $agreement } は発効していない: { $standing }
gate-type_not_covered = 発効中の合意は種別 { $kind } を対象としていない
gate-purpose_not_covered = 発効中の合意は目的 { $purpose } を対象としていない
gate-peer_not_confirmed = 相手は { $state } のため何も受け取れない
gate-other_world = 演習と実運用の情報は混ぜない
gate-originator_consent = 作成元 { $originator } が第三者提供に同意していない
gate-not_available = 撤回済みまたは保留中
gate-required_withheld = 必須項目 { $property } を提供できないため、全体を提供しない
gate-reduction_invalid = 残りが正しい形式にならない: { $problem }
gate-lowers_marking = 標示が { $before } から { $now } に下がる。二人の同意が必要
gate-not_the_originator = 新版を出せるのは作成元 { $originator } のみ
gate-may_not_pass_on = { $sender } は { $originator } の情報を転送できない
gate-not_a_party = 当事者でない

serve-ready = { $name } が { $address } で稼働中。指紋: { $digits }
serve-stop = 正常に停止しました。
init-done = { $name } を { $folder } に作成しました。
    ノード { $node }
    指紋: { $digits }
    次の操作: noroshi --home { $folder } serve
ask-passphrase = { $person } の合言葉:
ask-new-passphrase = { $person } の新しい合言葉（8文字以上）:
person-added = { $person } の鍵を作成しました。登録には手続が必要です:

demo-title = Noroshi: 主権を持つ二つのノードと一つの合意。すべての段階を相手側で確かめる
demo-step = [{ $number }] { $text }
demo-check = { $mark } { $text }
demo-init = 二つのノードを作る: { $jp } と { $us }
demo-pair = 口頭の符号で対になり、互いの指紋を人が確認する
demo-agree = 合意を作成し、双方で二人ずつが署名する
demo-import = それぞれが情報源の定めに従って実データを読み込む
demo-share = 双方向に共有する
demo-closed = NOFORN の情報と特定秘密の情報は出ない
demo-reduce = 一項目が閉じられた情報は、その項目を除いて出る
demo-recall = 回収して破棄させ、相手が署名した受領証で答える
demo-ledger = 一方の台帳の証明を他方が検証し、双方が起源から検証する
demo-check-confirmed = 双方の台帳に双方の確認がある
demo-check-agreement = 合意は双方で発効している
demo-check-shared-us = 米国が提供した ATT&CK { $count } 件を日本側が保有している
demo-check-shared-jp = 日本が提供した脆弱性 { $count } 件を米国側が保有している
demo-check-receipts = すべての提供に相手自身の署名した受領証がある（{ $count } 件）
demo-check-noforn = NOFORN: 規則 { $rule } により提供せず。日本側ノードは存在を知らない
demo-check-sds = 特定秘密: 規則 { $rule } により提供せず。米国側ノードは存在を知らない
demo-check-reduced = 日本側の情報に { $property } はなく、その内容は一バイトも届いていない
demo-check-recalled = 日本側ノードの申告: 破棄済み。検索しても表示しても内容は出ない
demo-check-recall-proof = 日本側の受領証が日本側自身の記録にあることを署名付き検査点で証明
demo-check-proof = 日本側の提供の証明を米国側が検証
demo-check-verify = 双方のノードが台帳、記録、受領証を起源から検証
demo-passed = { $count } 項目すべて成立（{ $seconds } 秒）。
demo-failed = { $count } 項目が不成立: { $faults }
demo-planted = （障害を仕込みました: { $fault }）
demo-kept = 両ノードは稼働を続けます。操作方法:
    { $jp }
    { $us }
    Ctrl-C で停止します。
