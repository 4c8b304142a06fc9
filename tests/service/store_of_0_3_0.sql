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
INSERT INTO "answers" VALUES(1,'general','a46a7e1c-63bf-56a8-8360-f7707532964d','accepted','2026-11-20T12:10:00.000000Z','2026-11-20T12:05:00.000000Z','','["b1577c69-dfbe-44ad-ba6d-3e05e953b2ea"]');
INSERT INTO "answers" VALUES(2,'general','a46a7e1c-63bf-56a8-8360-f7707532964d','overridden','2026-11-22T10:05:31.000000Z','2026-11-20T12:05:00.000000Z','benefits-outweigh-risks','[]');
INSERT INTO "answers" VALUES(3,'open','a46a7e1c-63bf-56a8-8360-f7707532964d','accepted','2026-11-20T12:10:00.000000Z','2026-11-20T12:05:00.000000Z','','["b1577c69-dfbe-44ad-ba6d-3e05e953b2ea"]');
INSERT INTO "answers" VALUES(4,'open','a46a7e1c-63bf-56a8-8360-f7707532964d','overridden','2026-11-22T10:05:31.000000Z','2026-11-20T12:05:00.000000Z','benefits-outweigh-risks','[]');
CREATE TABLE card_findings (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	topic VARCHAR(64) NOT NULL, 
	finding VARCHAR(64) NOT NULL, 
	PRIMARY KEY (tenant, sequence, topic, finding), 
	FOREIGN KEY(tenant, sequence, topic) REFERENCES cards (tenant, sequence, topic) ON DELETE CASCADE
);
INSERT INTO "card_findings" VALUES('general',4,'longTermUse','long-term-use');
INSERT INTO "card_findings" VALUES('general',4,'longTermUse','concurrent-opioid');
INSERT INTO "card_findings" VALUES('general',4,'longTermUse','multiple-sedative-hypnotics');
INSERT INTO "card_findings" VALUES('general',4,'longTermUse','total-load');
INSERT INTO "card_findings" VALUES('general',5,'sedativeLoad','concurrent-opioid');
INSERT INTO "card_findings" VALUES('general',5,'sedativeLoad','high-potency');
INSERT INTO "card_findings" VALUES('general',5,'sedativeLoad','total-load');
INSERT INTO "card_findings" VALUES('open',4,'longTermUse','long-term-use');
INSERT INTO "card_findings" VALUES('open',4,'longTermUse','concurrent-opioid');
INSERT INTO "card_findings" VALUES('open',4,'longTermUse','multiple-sedative-hypnotics');
INSERT INTO "card_findings" VALUES('open',4,'longTermUse','total-load');
INSERT INTO "card_findings" VALUES('open',5,'sedativeLoad','concurrent-opioid');
INSERT INTO "card_findings" VALUES('open',5,'sedativeLoad','high-potency');
INSERT INTO "card_findings" VALUES('open',5,'sedativeLoad','total-load');
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
INSERT INTO "cards" VALUES('general',4,'longTermUse','a46a7e1c-63bf-56a8-8360-f7707532964d','2026-11-20T12:00:00.000000Z','benzo-order-sign','38c704a548891106517fc7c6abeca23f0c0925cc8aa58999be0a5d82a0ad97c9','875bb907f4ab54eaab36de540cc24cc0617aca8ec43c696706ea2b30b5b47343','info','shown','b955a916648e462da2ef9f5d33bfa9624f49702bfb14ee4a814bfabcefe9dc2e','20',0,'["long-term-use","interdose-withdrawal","concurrent-opioid","mental-health","multiple-sedative-hypnotics","taper-referral","total-load","incomplete-picture"]','["071440aeaab71c84","1142b4acb1f00f77","1409c319cc476290","1a96c83d8e0930b5","1f119ed225bda193","1fd4c1a53b2abc58","2edf86339203313d","4bc85a2c903279bf","5189a84047413b2a","5226e7386f6ae1a7","65b821f45513631c","6b97f9aed88e513d","6f18940420067f7a","85e0d9d26546ad35","91c310b81c7b8188","942d9f192190c007","9e193570c78b63d8","a9afe22400249aaa","b851d086172802d3","b91d8e42caa83402","bb2322585a3bb80c","bd2375ca11b6ef7b","c87ececbfa26bf23","d14c1eb9ba028f50","ed85fcdb91bd4266"]','{"595159868085f6c1":"900","f5e6a6943c82f742":"20","af1a422e9a804be0":"25","40540a095311ccfe":"0","e509cd507e720b1d":"0"}');
INSERT INTO "cards" VALUES('general',5,'sedativeLoad','8364ae87-49fc-5a11-8919-72ac02762099','2026-11-20T13:00:00.000000Z','benzo-order-sign','38c704a548891106517fc7c6abeca23f0c0925cc8aa58999be0a5d82a0ad97c9','875bb907f4ab54eaab36de540cc24cc0617aca8ec43c696706ea2b30b5b47343','warning','shown','ae3fb9eee2486b25a3cb4ca47b5a247c7eb183ee3cbc06ff33d1b45cd3e90ac0','20',1,'["concurrent-opioid","high-potency","total-load"]','["1699c149e9b3c8ca","1f119ed225bda193","470420ee38d88c36","6b97f9aed88e513d","a9afe22400249aaa","c87ececbfa26bf23","ed85fcdb91bd4266"]','{"f5e6a6943c82f742":"15"}');
INSERT INTO "cards" VALUES('open',4,'longTermUse','a46a7e1c-63bf-56a8-8360-f7707532964d','2026-11-20T12:00:00.000000Z','benzo-order-sign','2b868fe8e69660aaae089248a72a31f087d8d4a8eb7b1f61c98c86cd938136e4','78154e3ddf3cd6d1da655d4fcbe39666de69bcf7b72b5e12e0d0541f623f42a2','info','shown','b955a916648e462da2ef9f5d33bfa9624f49702bfb14ee4a814bfabcefe9dc2e','20',0,'["long-term-use","interdose-withdrawal","concurrent-opioid","mental-health","multiple-sedative-hypnotics","taper-referral","total-load","incomplete-picture"]','["383a31e67b45ecc8","3854d3f327215186","390463c48c7bbba8","4b8284e0b27a5ea3","572602d909d07f8f","5cfbc9d1b759e870","5eda6e624b225bd8","745bc3c06a15c575","7eb4dd4e1cd97f8e","8583746f40969618","85d07c558c946fe9","8996671b4515e4c3","8e9d448b7e7e9beb","a5680a161fc9f47b","a9c679df1b6a846b","acaae3bebf099196","ae5bcb88e759629f","b11ebf8b80cf29bc","bfc2316689641259","d66e9b2d14b2b64b","dec899d0b18b3692","eb7af8209ce15135","edc56adcc097ceef","ee46ae9a36f86c4b","fa589cc151c213a5"]','{"ecfa94acb9565331":"900","1f0a6b4a36fa1e42":"20","56bf19a445ec137e":"25","61dd7a2a74d09004":"0","29eac3b53671b941":"0"}');
INSERT INTO "cards" VALUES('open',5,'sedativeLoad','8364ae87-49fc-5a11-8919-72ac02762099','2026-11-20T13:00:00.000000Z','benzo-order-sign','2b868fe8e69660aaae089248a72a31f087d8d4a8eb7b1f61c98c86cd938136e4','78154e3ddf3cd6d1da655d4fcbe39666de69bcf7b72b5e12e0d0541f623f42a2','warning','shown','ae3fb9eee2486b25a3cb4ca47b5a247c7eb183ee3cbc06ff33d1b45cd3e90ac0','20',1,'["concurrent-opioid","high-potency","total-load"]','["4b8284e0b27a5ea3","714f2c4d15bfd1e0","9f4c3304529e37fd","a5680a161fc9f47b","b11ebf8b80cf29bc","dec899d0b18b3692","edc56adcc097ceef"]','{"1f0a6b4a36fa1e42":"15"}');
CREATE TABLE checkpoints (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	link VARCHAR(64) NOT NULL, 
	at VARCHAR(27) NOT NULL, seal VARCHAR(64) DEFAULT '' NOT NULL, 
	PRIMARY KEY (tenant)
);
INSERT INTO "checkpoints" VALUES('general',2,'56b233dc90958f5a2ba75ccb32b8c8084fbfc528cef1cf3df7e455d67100d0a1','2026-11-20T17:00:00.000000Z','07d13bd17843ac0ed219946668fd459016cf0621ca9befdb78b937cdad900863');
INSERT INTO "checkpoints" VALUES('open',2,'765d0458815e83c5a7ebd7b0cbf783dd21bb62242e491d009007bea680cb20c8','2026-11-20T17:00:00.000000Z','e17307ae81f2d1857fa74ebda454fc29f78e5328a3b9e2872e8918ffd2cee0e3');
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
INSERT INTO "evaluations" VALUES('general',3,'2026-11-20T11:00:00.000000Z','benzo-order-sign','d1577c69-dfbe-44ad-ba6d-3e05e953b2ea','38c704a548891106517fc7c6abeca23f0c0925cc8aa58999be0a5d82a0ad97c9','875bb907f4ab54eaab36de540cc24cc0617aca8ec43c696706ea2b30b5b47343','2026.11.2','unknown','355ed09b3f9a71a3a0bbe0dfbdc7426e8e03bc6c65cf1eef8ebb8d15cc6ec499',0,'[]','[]',9500,'56b233dc90958f5a2ba75ccb32b8c8084fbfc528cef1cf3df7e455d67100d0a1','bf898f714d689b437d983e90628ea21f7330b8a0e8da22600ff8d7b53cd5b422');
INSERT INTO "evaluations" VALUES('general',4,'2026-11-20T12:00:00.000000Z','benzo-order-sign','d1577c69-dfbe-44ad-ba6d-3e05e953b2ea','38c704a548891106517fc7c6abeca23f0c0925cc8aa58999be0a5d82a0ad97c9','875bb907f4ab54eaab36de540cc24cc0617aca8ec43c696706ea2b30b5b47343','2026.11.2','unknown','063aa4993253ffa6c745f11af91cf73c894291e31cbaeed6addf8372ee2be919',1,'[["concurrent-opioid","warning"],["multiple-sedative-hypnotics","warning"],["long-term-use","info"],["total-load","info"],["concurrent-depressants","info"],["high-potency","info"],["incomplete-picture","info"],["interdose-withdrawal","info"],["mental-health","info"],["substance-use","info"],["taper-referral","info"]]','[["a46a7e1c-63bf-56a8-8360-f7707532964d","longTermUse","info","shown"]]',10500,'bf898f714d689b437d983e90628ea21f7330b8a0e8da22600ff8d7b53cd5b422','ea9338921a477234c2d2718fe04dfde1d595d85bd21fe84df3d9af4c7208cbe1');
INSERT INTO "evaluations" VALUES('general',5,'2026-11-20T13:00:00.000000Z','benzo-order-sign','d1577c69-dfbe-44ad-ba6d-3e05e9530004','38c704a548891106517fc7c6abeca23f0c0925cc8aa58999be0a5d82a0ad97c9','875bb907f4ab54eaab36de540cc24cc0617aca8ec43c696706ea2b30b5b47343','2026.11.2','unknown','dee0ae741f7cef2e86f22045c908f5f042548d55a5c38d45f49e1a57d8949438',1,'[["concurrent-opioid","warning"],["high-potency","info"],["total-load","info"]]','[["8364ae87-49fc-5a11-8919-72ac02762099","sedativeLoad","warning","shown"]]',11500,'ea9338921a477234c2d2718fe04dfde1d595d85bd21fe84df3d9af4c7208cbe1','2448ba2d81149c790f9e04a6604617f7ba64a2c1b715cd905b98b62d41552c9b');
INSERT INTO "evaluations" VALUES('open',3,'2026-11-20T11:00:00.000000Z','benzo-order-sign','d1577c69-dfbe-44ad-ba6d-3e05e953b2ea','2b868fe8e69660aaae089248a72a31f087d8d4a8eb7b1f61c98c86cd938136e4','78154e3ddf3cd6d1da655d4fcbe39666de69bcf7b72b5e12e0d0541f623f42a2','2026.11.2','unknown','355ed09b3f9a71a3a0bbe0dfbdc7426e8e03bc6c65cf1eef8ebb8d15cc6ec499',0,'[]','[]',9500,'765d0458815e83c5a7ebd7b0cbf783dd21bb62242e491d009007bea680cb20c8','fad15b3498101ea3e0d3ba3e8953b83d91088009cf4b86f754679c672dc033d4');
INSERT INTO "evaluations" VALUES('open',4,'2026-11-20T12:00:00.000000Z','benzo-order-sign','d1577c69-dfbe-44ad-ba6d-3e05e953b2ea','2b868fe8e69660aaae089248a72a31f087d8d4a8eb7b1f61c98c86cd938136e4','78154e3ddf3cd6d1da655d4fcbe39666de69bcf7b72b5e12e0d0541f623f42a2','2026.11.2','unknown','063aa4993253ffa6c745f11af91cf73c894291e31cbaeed6addf8372ee2be919',1,'[["concurrent-opioid","warning"],["multiple-sedative-hypnotics","warning"],["long-term-use","info"],["total-load","info"],["concurrent-depressants","info"],["high-potency","info"],["incomplete-picture","info"],["interdose-withdrawal","info"],["mental-health","info"],["substance-use","info"],["taper-referral","info"]]','[["a46a7e1c-63bf-56a8-8360-f7707532964d","longTermUse","info","shown"]]',10500,'fad15b3498101ea3e0d3ba3e8953b83d91088009cf4b86f754679c672dc033d4','a0e959cd0529e98f1f0b19c0471b4397a0b698cc475361a2f1c3201b5969638b');
INSERT INTO "evaluations" VALUES('open',5,'2026-11-20T13:00:00.000000Z','benzo-order-sign','d1577c69-dfbe-44ad-ba6d-3e05e9530004','2b868fe8e69660aaae089248a72a31f087d8d4a8eb7b1f61c98c86cd938136e4','78154e3ddf3cd6d1da655d4fcbe39666de69bcf7b72b5e12e0d0541f623f42a2','2026.11.2','unknown','dee0ae741f7cef2e86f22045c908f5f042548d55a5c38d45f49e1a57d8949438',1,'[["concurrent-opioid","warning"],["high-potency","info"],["total-load","info"]]','[["8364ae87-49fc-5a11-8919-72ac02762099","sedativeLoad","warning","shown"]]',11500,'a0e959cd0529e98f1f0b19c0471b4397a0b698cc475361a2f1c3201b5969638b','0485b3dd8a898f2f3a60917a19c249f084a1fe088349ee23957944d14b111884');
CREATE TABLE fired (
	tenant VARCHAR(63) NOT NULL, 
	sequence INTEGER NOT NULL, 
	finding VARCHAR(64) NOT NULL, 
	PRIMARY KEY (tenant, sequence, finding)
);
INSERT INTO "fired" VALUES('general',4,'concurrent-opioid');
INSERT INTO "fired" VALUES('general',4,'long-term-use');
INSERT INTO "fired" VALUES('general',4,'multiple-sedative-hypnotics');
INSERT INTO "fired" VALUES('general',4,'total-load');
INSERT INTO "fired" VALUES('general',5,'concurrent-opioid');
INSERT INTO "fired" VALUES('general',5,'high-potency');
INSERT INTO "fired" VALUES('general',5,'total-load');
INSERT INTO "fired" VALUES('open',4,'concurrent-opioid');
INSERT INTO "fired" VALUES('open',4,'long-term-use');
INSERT INTO "fired" VALUES('open',4,'multiple-sedative-hypnotics');
INSERT INTO "fired" VALUES('open',4,'total-load');
INSERT INTO "fired" VALUES('open',5,'concurrent-opioid');
INSERT INTO "fired" VALUES('open',5,'high-potency');
INSERT INTO "fired" VALUES('open',5,'total-load');
CREATE TABLE tokens (
	tenant VARCHAR(63) NOT NULL, 
	identity VARCHAR(64) NOT NULL, 
	until INTEGER NOT NULL, 
	PRIMARY KEY (tenant, identity)
);
INSERT INTO "tokens" VALUES('general','23b028dfb55b82ce49df59ef9519fce1e252f9711ce4892c240c922b068184eb',1795197600);
INSERT INTO "tokens" VALUES('open','e59f5ab5f74ad9d3cd9ed89ebb704ea892ef6fd891b21735abe5f4153147b7e5',1795197600);
INSERT INTO "tokens" VALUES('open','a1063d620b47365330594188555dc64304715e202e2a6378b80b60530e7caf2a',1795201200);
CREATE INDEX evaluations_at ON evaluations (tenant, at);
CREATE INDEX cards_of_patient ON cards (tenant, patient, topic, at);
CREATE INDEX cards_uuid ON cards (tenant, uuid);
CREATE INDEX answers_received ON answers (tenant, received_at);
CREATE INDEX tokens_until ON tokens (until);
CREATE TRIGGER evaluations_stay BEFORE UPDATE ON evaluations BEGIN SELECT RAISE(ABORT, 'evaluations are append-only'); END;
CREATE TRIGGER evaluations_last BEFORE DELETE ON evaluations WHEN NOT EXISTS (SELECT 1 FROM checkpoints WHERE tenant = OLD.tenant AND sequence >= OLD.sequence) BEGIN SELECT RAISE(ABORT, 'evaluations are append-only'); END;
CREATE INDEX cards_at ON cards (tenant, at);
COMMIT;
