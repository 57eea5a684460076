// Package alert promises that whoever is responsible hears of what is not as it should
// be: once when it begins, once when it is over, and never by chance only once more.
//
// Watches look at the state of things and tell what is not as it should be now: a feed
// that is silent, a queue that is late, books that do not balance. What a watch tells
// opens an alert, which is a fact; what it no longer tells closes it, which is another.
// Notices of both go to every sink (webhook, e-mail) until the sink has taken them, over
// restarts too. A watch that cannot look closes nothing.
package alert
