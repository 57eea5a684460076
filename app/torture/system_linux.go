package torture

import "syscall"

// dieWithParent has the kernel kill a process when the one that started it is gone.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// tmpfsMagic is the type of a file system that is memory.
const tmpfsMagic = 0x01021994

// diskAt returns how many bytes an ordinary user may still write in a folder, and
// whether they would go to memory.
func diskAt(dir string) (free int64, memory bool, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false, err
	}
	return int64(s.Bavail) * s.Bsize, s.Type == tmpfsMagic, nil
}
