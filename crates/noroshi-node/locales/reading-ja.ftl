# 読み取りの注記と誤り。英語の文は対象と値を含み、ここでは括弧に入れて添える。
reading-read-json = JSON として読めません。送り手に確かめてください
reading-read-property = STIX の必須規則に反しています。この項目は受け入れません
reading-read-framing = ファイルをこれ以上読めません。取り直してください

reading-note-filled = 欠けていた項目を変換規則で補いました
reading-note-moved = STIX 2.1 の項目名へ移しました
reading-note-unknown_property = この種別にない項目です。そのまま保存しました
reading-note-empty_list = 空の一覧です
reading-note-shortened = 長いため導出した項目では短くしました
reading-note-bare_reference = 出典名だけで、指す先のない参照があります
reading-note-missing = あるべき項目がありません。使うことはできます
reading-note-deprecated = 旧版のための項目です。そのまま保存しました
reading-note-open_word = 標準の語彙にない語です。そのまま保存しました
reading-note-form = 標準の書式ではありません
reading-note-other_id = 標準が定める識別子と異なります
reading-note-odd_reference = 標準が想定しない種別を参照しています

reading-marking-disputed = 同じ識別子の表示が別の意味で届いています
reading-marking-not_understood = この表示の意味が分かりません。付いた項目は保留します
