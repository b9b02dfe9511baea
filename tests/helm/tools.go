//go:build tools

// Names the program that the suite builds, so that go.mod and go.sum hold it and what it needs.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
