//go:build race

package mllp

// racing says that memory is not what it would be: the race detector multiplies it.
const racing = true
