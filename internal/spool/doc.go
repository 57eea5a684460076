// Package spool holds bodies that are too large for memory in synced files
// until somebody takes them over. It promises that a file which Keep has
// returned is whole and on disk, that a disk which runs low is noticed before
// it is full, and that what a crash left behind is gone after Open. It knows
// nothing of messages.
package spool
