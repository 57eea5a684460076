package journal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// keys signs checkpoints and checks them.
type keys struct {
	secret   string
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// The files of the keys, in the journal's folder.
const (
	secretFile = "checkpoint.key"
	publicFile = "checkpoint.pub"
)

// loadKeys reads the signing key, or makes one on first use.
func loadKeys(dir string) (*keys, error) {
	secretPath, publicPath := filepath.Join(dir, secretFile), filepath.Join(dir, publicFile)
	secret, err := os.ReadFile(secretPath)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKeys(secretPath, publicPath); err != nil {
			return nil, fmt.Errorf("making the key that signs checkpoints: %w", err)
		}
		secret, err = os.ReadFile(secretPath)
	}
	if err != nil {
		return nil, err
	}
	public, err := os.ReadFile(publicPath)
	if err != nil {
		return nil, err
	}
	k := &keys{secret: strings.TrimSpace(string(secret)), public: strings.TrimSpace(string(public))}
	if k.signer, err = note.NewSigner(k.secret); err != nil {
		return nil, errors.New("checkpoint.key cannot be read; restore it from a backup")
	}
	if k.verifier, err = note.NewVerifier(k.public); err != nil {
		return nil, errors.New("checkpoint.pub cannot be read; restore it from a backup")
	}
	return k, nil
}

// makeKeys writes the public key first, so that a crash between the two leaves
// no secret without it.
func makeKeys(secretPath, publicPath string) error {
	var id [4]byte
	_, _ = rand.Read(id[:]) // crypto/rand does not fail
	secret, public, err := note.GenerateKey(rand.Reader, "handover-"+hex.EncodeToString(id[:]))
	if err != nil {
		return err
	}
	if err := writeSynced(publicPath, public, 0o644); err != nil {
		return err
	}
	if err := writeSynced(secretPath, secret, 0o600); err != nil {
		return err
	}
	return syncDir(filepath.Dir(secretPath))
}

// writeSynced writes a small file so that it is there whole or not at all.
func writeSynced(path, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// derive makes a key for another purpose from the secret.
func (k *keys) derive(purpose string) []byte {
	sum := sha256.Sum256([]byte("handover " + purpose + "\n" + k.secret))
	return sum[:]
}
