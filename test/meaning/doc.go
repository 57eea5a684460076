// Package meaning holds the stories that show what the record makes of real v2
// text: messages in, the record's content out, through the same converter and
// the same record as in the engine, over SQLite in a temporary folder.
//
// It promises for every story under testdata/story: the answers of want.json
// and the outcome of each message in want.log; that the facts alone rebuild the
// same record; that every message, sent again under another control id, changes
// nothing; and, unless the story says why not, that any other order of arrival
// ends in the same content. A story is one txtar: prose, what differs
// from testdata/hospital, the messages in order (1-pas.hl7, 2-lab-final.hl7: the
// word after the number is the source), want.json and want.log.
// `go test ./test/meaning -update` writes the answers again.
//
// testdata/waiting.txt lists the stories that are known to fail, with reasons;
// one that passes fails the test, so that the list only shrinks.
package meaning
