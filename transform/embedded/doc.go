// Package embedded takes long documents out of a v2 message before it is
// transformed, and makes Binary resources of them in what came of it. It
// promises that a document's bytes are the ones that the message held, and that
// whatever it does not take out stays where it is and is transformed with the
// rest. Keeping the documents is left to others.
package embedded
