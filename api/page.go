package api

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"handover"
)

// A posted search keeps identifiers out of URLs, which end up in logs and
// histories. So the link to its next page holds the search sealed (AES-256-GCM,
// with the type as additional data), and the server remembers nothing.

func newSeal(key []byte) (cipher.AEAD, error) {
	if key == nil {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
	}
	if len(key) != 32 {
		return nil, errors.New("it has 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (a *API) sealPage(resourceType string, params url.Values) string {
	return base64.RawURLEncoding.EncodeToString(a.seal.Seal(nil, nil, []byte(params.Encode()), []byte(resourceType)))
}

func (a *API) openPage(resourceType, page string) (url.Values, error) {
	var params url.Values
	sealed, err := base64.RawURLEncoding.DecodeString(page)
	if err == nil {
		sealed, err = a.seal.Open(nil, nil, sealed, []byte(resourceType))
	}
	if err == nil {
		params, err = url.ParseQuery(string(sealed))
	}
	if err != nil {
		return nil, &statusError{http.StatusBadRequest, handover.Invalid, "_page",
			"it is not a page that this server gave out, or it was restarted since; begin with the first page"}
	}
	return params, nil
}
