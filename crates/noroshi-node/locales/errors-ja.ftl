# 失敗の意味と次の手順。英語の文はそれぞれの失敗が作られる場所にあり、ここでは括弧に入れて添える。
error-internal = 内部の誤りです。この表示を添えて開発元に知らせてください
error-command-unknown = ノードがこの命令を知りません。命令とノードの版を揃えてください

error-home-none = そのフォルダーにノードがありません。--home を確かめるか、noroshi init で作ってください
error-home-file = ノードのフォルダーのファイルを読み書きできません。権限と空き容量を確かめてください
error-home-occupied = フォルダーが空ではありません。別のフォルダーを指定してください
error-home-open_secret = 秘密のファイルを他の利用者が読めます。chmod 600 で閉じてください
error-config-invalid = noroshi.toml の記述が誤っています。示された項目を直してください
error-init-refused = ノードを作れません
error-init-persons = 始めるには二人以上の担当者が必要です
error-init-name = 名前が空か長すぎます
error-passphrase-none = パスフレーズがありません。端末で入力するか --passphrase-file で渡してください
error-passphrase-file = パスフレーズのファイルを読めません。形式と権限を確かめてください
error-passphrase-differs = 二度の入力が一致しません。もう一度入力してください

error-store-locked = 別のプロセスがこのノードを使っています。noroshi serve が動いていればそのまま命令できます
error-store-failed = 保存できませんでした。受け付け済みのものは失われていません。ディスクの空きを確かめてください
error-store-record = 保存された記録が壊れています。noroshi doctor で確かめてください
error-store-item = 保存された項目が壊れています。noroshi ledger verify で確かめてください
error-serve-failed = サーバーを開始できません
error-socket-failed = 動作中のノードと通信できません。noroshi serve を確かめてください
error-file-unreadable = ファイルを読めません
error-import-unreadable = 取り込むファイルを読めません
error-import-no_input = 標準入力に何もありません
error-import-refused = 使えるものが一つもありません。理由は上の各行を見てください
error-import-files = ファイルが多すぎます。分けて取り込んでください
error-list-state = 状態は admitted、held、withdrawn、destroyed のいずれかです
error-list-limit = 件数は 1 から 10,000 までです

error-item-unknown = その項目はありません。noroshi list か search で確かめてください
error-item-ambiguous = その指定に当たる項目が複数あります。もっと長く指定してください
error-marking-unknown = その標示はありません
error-held-not_held = この項目は保留されていません。取り消すには noroshi recall を使ってください
error-held-other_reasons = 標示のほかにも保留の理由があります。先にそれを解いてください: { $reasons }
error-marking-not_lowering = この項目は標示を下げるために保留されたものではありません

error-coalition-refused = 連合の構成国一覧が受け付けられません。符号は四文字、国名は三文字、時刻は 2026-12-01T00:00:00Z の形で書いてください
error-coalition-changed = その連合の別の一覧が先に発効しました。もう一度指示してください
error-profile-unknown = その情報源プロファイルはありません。noroshi profile list で確かめてください
error-profile-name = プロファイルの名前に使えるのは小文字、数字、ハイフンです
error-profile-title = プロファイルには題名が必要です
error-profile-refused = プロファイルが受け付けられません
error-rule-refused = 規則が受け付けられません

error-share-nobody = 提供先がありません。--to で指定してください
error-share-nothing = 選ばれた項目がありません
error-share-nothing_leaves = 提供できる項目がありません。理由は上の表示を見てください
error-share-too_many = 一度に計画できる数を超えています。分けて提供してください
error-share-precedence = 優先度は flash、immediate、priority、routine のいずれかです
error-recall-mode = 取り消しは withdraw（非表示）か destroy（消去）です
error-recall-reason = 理由を 500 バイト以内の文で書いてください
error-recall-nothing = 誰も持っておらず、ここにもありません
error-recall-not_yours = 取り消せるのは作成元、または自ら作った版の提供元だけです。作成元に依頼してください
error-receipt-none = その項目の受領書はまだありません
error-receipt-no_checkpoint = 相手のログのチェックポイントがまだありません。noroshi peer sync の後に試してください
error-receipt-damaged = 受領書が壊れています

error-act-unknown = その決裁はありません。noroshi act list で確かめてください
error-act-used = この決裁は済んでいます。承認は一度しか使えません
error-act-changed = 決裁の内容が変わりました。もう一度起案してください
error-act-returned = 決裁は差し戻されました。何も送られていません。もう一度起案して今の内容を確かめてください
error-act-signature = 署名が合いません。本人の鍵とパスフレーズを確かめてください
error-act-expiry = 有効期間は 1 から 10,080 分までです
error-act-subject = 決裁の対象が読めません
error-act-answer = ノードの応答が決裁の内容と合いません

error-person-unknown = その担当者はいません。noroshi person list で確かめてください
error-person-exists = その名前は使われています。名前は再び使えません
error-person-revoked = その担当者は取り消されています
error-person-name = 担当者の名前に使えるのは小文字、数字、ハイフンです
error-person-no_key = その担当者の鍵がここにありません
error-person-public_key = 公開鍵の形式が誤っています
error-person-short_passphrase = パスフレーズが短すぎます
error-person-too_few = 担当者が二人を下回るため取り消せません

error-peer-unknown = その相手はいません。noroshi peer list で確かめてください
error-peer-ambiguous = その指定に当たる相手が複数あります。ノードの識別子で指定してください
error-peer-not_confirmed = 相手との確認が済んでいません。双方が指紋を確かめるまで何も送られません
error-peer-fingerprint = 指紋が一致しません。相手が読み上げたものを入力し、違えば中止してください
error-peer-other_key = 相手の鍵が変わっています。新しい根の鍵は新しい相手として結び直してください
error-peer-unreachable = 相手に届きません。アドレスと回線を確かめてください。待っているものは失われません
error-peer-alias = 別名に使えない文字があります
error-peer-address = アドレスは ホスト:ポート の形で指定してください
error-pairing-refused = ペアリングが拒まれました。コードの期限と回数を確かめてください
error-pairing-failed = ペアリングに失敗しました。コードを確かめ、使い切ったなら新しいものを頼んでください
error-pairing-code = コードは 12 桁の数字です。読み上げられたとおりに入力してください
error-pairing-older = 相手のマニフェストはすでに知られているものより新しくありません。相手に最新の状態で再度ペアリングするよう頼んでください
error-pairing-world = 演習のノードと実運用のノードは結べません
error-pairing-self = 自分自身とは結べません

error-agreement-unknown = その協定はありません。noroshi agreement list で確かめてください
error-agreement-refused = 協定が受け付けられません。示された箇所を直してください
error-agreement-signed = この協定には署名済みです
error-agreement-peer = 協定の相手が確認済みの相手ではありません
error-agreement-party = このノードは協定の当事者ではありません
error-agreement-nation = 協定の国と相手の国が合いません
error-agreement-days = 期間は日数で指定してください
error-agreement-changed = 協定の内容が変わりました。もう一度確かめてください

error-key-damaged = 鍵のファイルが壊れています
error-key-unknown = その鍵はありません。noroshi key show で確かめてください
error-key-purpose = 用途は items、ledger、tls、sealing のいずれかです
error-key-current = 今使っている鍵です。先に交換してください
error-key-locked = 鍵を開けません。パスフレーズを確かめてください
error-key-generate = 鍵を作れません
error-key-manifest = 鍵の一覧が読めません
error-key-stale_manifest = 鍵の一覧が古くなりました。もう一度起案してください
error-key-root_offline = 根の鍵が { $file } にありません。保管場所を --root-key で指定してください
error-key-root_signature = 根の鍵の署名が合いません

error-link-frame = 送る枠を作れません
error-link-epoch = 新しい鍵の期を始められません
error-link-gaps = 相手のログの欠番が多すぎます
error-link-stalled = 相手は応答しますが何も受け取りません。相手側で noroshi ledger list --kind alarm を見てもらってください
error-ledger-damaged = 台帳が一致しません。書き込みを止め、写しと比べてください
error-ledger-kind = その種類の行はありません
error-ledger-no_line = その番号の行はありません
error-ledger-not_released = その項目はその相手に提供されていません
error-ledger-prove = 何を証明するかを指定してください
error-proof-refused = 証明が成り立ちません
error-export-occupied = 書き出し先が空ではありません
error-export-failed = 書き出せません

error-backup-exists = そのファイルは既にあります。新しい名前を指定してください
error-backup-busy = 別の控えを作っています。終わってからやり直してください
error-backup-failed = 控えのファイルを読み書きできません。権限と空き容量を確かめてください
error-backup-called_off = 控えを待つ者がいなくなったため中止しました
error-backup-lock = 控えの錠の形式が誤っています
error-backup-locked = この控えは施錠されています。パスフレーズが必要です
error-backup-unknown = その控えはありません。noroshi backup list で確かめてください
error-backup-still_there = 控えがまだそこにあります。先に廃棄してください
error-backup-newer = この控えは新しい版のものです。新しい版を使ってください
error-backup-refused = 控えを開けません。パスフレーズが違うか、ファイルが変えられています
error-backup-contents = 控えの中身が合いません。別の控えを使ってください
error-backup-work = 作業用のフォルダーを作れません。前の作業が途中で切れていれば、そのフォルダーを取り除いてください

error-restore-clock = 時計が控えより前を指しています。正しく合わせてからやり直してください
error-restore-root = この控えのノードの根の鍵ではありません
error-restore-person = 控えのノードの担当者ではないか、鍵が違います
error-restore-unfinished = 控えから戻ったばかりで、失ったことを聞き終えていません。noroshi peer sync で尋ねてください
error-restore-unanswered = 相手がまだ失われた分を答えていません。それまで何も送りません
error-restore-not_waiting = その相手を待ってはいません
error-restore-disputed = 相手の答えが食い違います。双方の担当者で確かめるまで何もやり取りしません
error-recovery-refused = 復旧の問い合わせが拒まれました

error-doctor-bad = 点検で問題が見つかりました。示された箇所を直してください
error-demo-trouble = 実演を進められません
error-demo-failed = 実演の確認が成り立ちませんでした
error-demo-data = 実演のデータが読めません
