package deliver

import (
	"math/rand/v2"
	"time"
)

// pauses are those between tries: each twice as long as the one before, up to the
// longest, give or take a quarter, so that many that failed together do not come
// back together.
type pauses struct{ first, most time.Duration }

// after returns the pause after so many failures in a row.
func (p pauses) after(failures int) time.Duration {
	d := p.first
	for ; failures > 1 && d < p.most; failures-- {
		d *= 2
	}
	d = min(d, p.most)
	return d - d/4 + rand.N(d/2+1)
}
