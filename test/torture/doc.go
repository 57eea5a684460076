// Package torture kills, fills and starves the whole engine, and promises to
// find a message that was acknowledged and is not there, is there twice, or
// stands in the wrong order. Its senders keep books of their own and share no
// code with the engine.
package torture
