package record

// schema makes the tables; docs/formats/record.md says what they hold.
var schema = []string{`
CREATE TABLE name (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL
);
CREATE TABLE resource (
	rid     INTEGER PRIMARY KEY,
	type    INTEGER NOT NULL,
	id      TEXT NOT NULL,
	version INTEGER NOT NULL,
	pack    INTEGER NOT NULL,
	place   INTEGER NOT NULL,
	held    INTEGER NOT NULL,
	heldat  INTEGER NOT NULL,
	patient INTEGER NOT NULL,
	source  INTEGER NOT NULL
);
CREATE INDEX resource_type ON resource (type, pack, rid);
CREATE TABLE version (
	rid     INTEGER NOT NULL,
	version INTEGER NOT NULL,
	pack    INTEGER NOT NULL,
	place   INTEGER NOT NULL,
	PRIMARY KEY (rid, version)
) WITHOUT ROWID;
CREATE TABLE pack (
	pack     INTEGER PRIMARY KEY,
	time     INTEGER NOT NULL,
	message  INTEGER NOT NULL,
	asserted INTEGER NOT NULL,
	body     BLOB NOT NULL
);
CREATE INDEX pack_time ON pack (time);
CREATE INDEX pack_message ON pack (message);
CREATE TABLE alias (
	rid INTEGER NOT NULL,
	key TEXT NOT NULL,
	PRIMARY KEY (rid, key)
) WITHOUT ROWID;
CREATE TABLE lookup_recent (
	hash INTEGER NOT NULL,
	rid  INTEGER NOT NULL,
	PRIMARY KEY (hash, rid)
) WITHOUT ROWID;
CREATE TABLE lookup_settled (
	hash INTEGER NOT NULL,
	rid  INTEGER NOT NULL,
	PRIMARY KEY (hash, rid)
) WITHOUT ROWID;
CREATE VIEW lookup AS
	SELECT hash, rid FROM lookup_settled UNION ALL SELECT hash, rid FROM lookup_recent;
CREATE TABLE enclosed (
	key BLOB PRIMARY KEY,
	at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE shape (
	fact INTEGER PRIMARY KEY,
	body BLOB NOT NULL
);
CREATE TABLE contest (
	patient TEXT NOT NULL,
	rid     INTEGER NOT NULL,
	PRIMARY KEY (patient, rid)
) WITHOUT ROWID;
CREATE TABLE token (
	param  INTEGER NOT NULL,
	value  TEXT NOT NULL,
	rid    INTEGER NOT NULL,
	system INTEGER NOT NULL,
	PRIMARY KEY (param, value, rid, system)
) WITHOUT ROWID;
CREATE TABLE date (
	rid   INTEGER NOT NULL,
	param INTEGER NOT NULL,
	low   INTEGER NOT NULL,
	high  INTEGER NOT NULL,
	PRIMARY KEY (rid, param, low, high)
) WITHOUT ROWID;
CREATE INDEX date_low ON date (param, low, high, rid);
CREATE TABLE reference (
	param  INTEGER NOT NULL,
	target INTEGER NOT NULL,
	rid    INTEGER NOT NULL,
	PRIMARY KEY (param, target, rid)
) WITHOUT ROWID;
`}
