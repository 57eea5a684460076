//go:build !race

package mllp

const racing = false
