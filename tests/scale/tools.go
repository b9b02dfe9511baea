//go:build tools

package scale

// Names the program that the suite builds, so that go.mod and go.sum hold it.
import _ "sigs.k8s.io/kwok/cmd/kwok"
