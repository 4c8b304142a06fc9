BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE answers (
	id INTEGER NOT NULL, 
	tenant VARCHAR(63) NOT NULL, 
	card VARCHAR(64) NOT NULL, 
	outcome VARCHAR(64) NOT NULL, 
	answered_at VARCHAR(27) NOT NULL, 
	received_at VARCHAR(27) NOT NULL, 
	reason VARCHAR(200) NOT NULL, 
	suggestions TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (tenant, card, outcome, answered_at, reason)
);
INSERT INTO "answers" VALUES(1,'open','7ab1850a-2691-5987-8624-e55707fec50d','overridden','2026-11-28T23:00:11.050000Z','2026-11-28T23:00:11.060354Z','benefits-outweigh-risks','[]');
CREATE TABLE card_findings (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	topic VARCHAR(64) NOT NULL, 
	finding VARCHAR(64) NOT NULL, 
	PRIMARY KEY (tenant, sequence, topic, finding), 
	FOREIGN KEY(tenant, sequence, topic) REFERENCES cards (tenant, sequence, topic) ON DELETE CASCADE
);
INSERT INTO "card_findings" VALUES('open',1,'longTermUse','long-term-use');
INSERT INTO "card_findings" VALUES('open',1,'longTermUse','concurrent-opioid');
INSERT INTO "card_findings" VALUES('open',1,'longTermUse','multiple-sedative-hypnotics');
INSERT INTO "card_findings" VALUES('open',1,'longTermUse','concurrent-depressants');
INSERT INTO "card_findings" VALUES('open',1,'longTermUse','total-load');
CREATE TABLE cards (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	topic VARCHAR(64) NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	service VARCHAR(64) NOT NULL, 
	patient VARCHAR(64) NOT NULL, 
	user VARCHAR(64) NOT NULL, 
	indicator VARCHAR(64) NOT NULL, 
	verdict VARCHAR(64) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	load TEXT, 
	complete BOOLEAN NOT NULL, 
	speaks_of TEXT NOT NULL, hazards TEXT DEFAULT '[]' NOT NULL, beside TEXT DEFAULT '{}' NOT NULL, 
	PRIMARY KEY (tenant, sequence, topic)
);
INSERT INTO "cards" VALUES('open',1,'longTermUse','7ab1850a-2691-5987-8624-e55707fec50d','2026-11-28T23:00:11.016962Z','benzo-order-sign','2b868fe8e69660aaae089248a72a31f087d8d4a8eb7b1f61c98c86cd938136e4','78154e3ddf3cd6d1da655d4fcbe39666de69bcf7b72b5e12e0d0541f623f42a2','info','shown','b9ac4e5592bf38c806035a230950a2b5df95afb304b1816fae717039282d8a15','20',0,'["long-term-use","interdose-withdrawal","concurrent-opioid","mental-health","multiple-sedative-hypnotics","concurrent-depressants","taper-referral","total-load","incomplete-picture"]','["10d4f19d66e6e605","128ddbeeaabc3696","383a31e67b45ecc8","3854d3f327215186","390463c48c7bbba8","40e7862fc2a1adc5","4b8284e0b27a5ea3","4fb49659ab3397cf","572602d909d07f8f","5cfbc9d1b759e870","5eda6e624b225bd8","5fb0c5310e9c1397","69f4b2f1e206fe1f","745bc3c06a15c575","7eb4dd4e1cd97f8e","8583746f40969618","85d07c558c946fe9","8996671b4515e4c3","8a6cde2adb7acd9b","8e9d448b7e7e9beb","96666be42b0390e1","a5680a161fc9f47b","a9c679df1b6a846b","acaae3bebf099196","ae5bcb88e759629f","b11ebf8b80cf29bc","b949b3f485033d95","bfc2316689641259","d5d1d527ddd19dc3","d66e9b2d14b2b64b","dec899d0b18b3692","eb7af8209ce15135","edc56adcc097ceef","ee46ae9a36f86c4b","fa589cc151c213a5"]','{"ecfa94acb9565331":"900","1f0a6b4a36fa1e42":"20","56bf19a445ec137e":"25","61dd7a2a74d09004":"0","29eac3b53671b941":"0"}');
CREATE TABLE checkpoints (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	link VARCHAR(64) NOT NULL, 
	at VARCHAR(27) NOT NULL, seal VARCHAR(64) DEFAULT '' NOT NULL, 
	PRIMARY KEY (tenant)
);
CREATE TABLE evaluations (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	service VARCHAR(64) NOT NULL, 
	hook_instance VARCHAR(64) NOT NULL, 
	patient VARCHAR(64) NOT NULL, 
	user VARCHAR(64) NOT NULL, 
	knowledge VARCHAR(64) NOT NULL, 
	program VARCHAR(64) NOT NULL, 
	input VARCHAR(64) NOT NULL, 
	assessed BOOLEAN NOT NULL, 
	findings TEXT NOT NULL, 
	cards TEXT NOT NULL, 
	microseconds INTEGER NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	link VARCHAR(64) NOT NULL, 
	PRIMARY KEY (tenant, sequence)
);
INSERT INTO "evaluations" VALUES('open',1,'2026-11-28T23:00:11.016962Z','benzo-order-sign','d1577c69-dfbe-44ad-ba6d-3e05e9530001','2b868fe8e69660aaae089248a72a31f087d8d4a8eb7b1f61c98c86cd938136e4','78154e3ddf3cd6d1da655d4fcbe39666de69bcf7b72b5e12e0d0541f623f42a2','2026.11.0','0.1.0','d01433a5c3236daacdf749d8b19fd83689ece5acf8730f61f4cb1a9779c38173',1,'[["concurrent-opioid","warning"],["multiple-sedative-hypnotics","warning"],["concurrent-depressants","info"],["long-term-use","info"],["total-load","info"],["high-potency","info"],["incomplete-picture","info"],["interdose-withdrawal","info"],["mental-health","info"],["substance-use","info"],["taper-referral","info"]]','[["7ab1850a-2691-5987-8624-e55707fec50d","longTermUse","info","shown"]]',126986,'','a60c8d51a86d2e71f0ad2abd8d8c5e25fe3d9a0b2cc87d753a0d3ccd4a1b0e7a');
CREATE TABLE fired (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	finding VARCHAR(64) NOT NULL, 
	PRIMARY KEY (tenant, sequence, finding)
);
INSERT INTO "fired" VALUES('open',1,'concurrent-depressants');
INSERT INTO "fired" VALUES('open',1,'concurrent-opioid');
INSERT INTO "fired" VALUES('open',1,'long-term-use');
INSERT INTO "fired" VALUES('open',1,'multiple-sedative-hypnotics');
INSERT INTO "fired" VALUES('open',1,'total-load');
CREATE TABLE tokens (
	tenant VARCHAR(63) NOT NULL, 
	identity VARCHAR(64) NOT NULL, 
	until INTEGER NOT NULL, 
	PRIMARY KEY (tenant, identity)
);
CREATE INDEX evaluations_at ON evaluations (tenant, at);
CREATE INDEX cards_of_patient ON cards (tenant, patient, topic, at);
CREATE INDEX cards_uuid ON cards (tenant, uuid);
CREATE INDEX answers_received ON answers (tenant, received_at);
CREATE INDEX tokens_until ON tokens (until);
CREATE TRIGGER evaluations_stay BEFORE UPDATE ON evaluations BEGIN SELECT RAISE(ABORT, 'evaluations are append-only'); END;
CREATE TRIGGER evaluations_last BEFORE DELETE ON evaluations WHEN NOT EXISTS (SELECT 1 FROM checkpoints WHERE tenant = OLD.tenant AND sequence >= OLD.sequence) BEGIN SELECT RAISE(ABORT, 'evaluations are append-only'); END;
CREATE INDEX cards_at ON cards (tenant, at);
COMMIT;
