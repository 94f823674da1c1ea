// One binary that is a whole Kubernetes control plane, for tests.
//
// It acts as the component named by the name it was called by (a symlink), else
// by its first argument: etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler or kubectl. Linking them together shares the code they have in
// common: one file of 130 MB instead of five of 400 MB, and one build.
//
// Promise: these are the upstream entry points with nothing added, so whatever
// the tests see is what Kubernetes of the version in go.mod does.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var components = map[string]func(args []string) int{
	// etcdmain exits by itself; its arguments include the program's name.
	"etcd":                    func(args []string) int { etcdmain.Main(args); return 0 },
	"kube-apiserver":          cobraComponent(apiserver.NewAPIServerCommand),
	"kube-controller-manager": cobraComponent(controllermanager.NewControllerManagerCommand),
	"kube-scheduler":          cobraComponent(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubectl":                 cobraComponent(kubectl.NewDefaultKubectlCommand),
}

// cobraComponent runs one of the commands that read the arguments from os.Args.
func cobraComponent(newCommand func() *cobra.Command) func(args []string) int {
	return func(args []string) int {
		os.Args = args
		return cli.Run(newCommand())
	}
}

func main() {
	args := os.Args
	name := filepath.Base(args[0])
	if components[name] == nil && len(args) > 1 {
		args = args[1:]
		name = args[0]
	}
	run := components[name]
	if run == nil {
		fmt.Fprintf(os.Stderr, "call it as, or with, one of: %s\n", strings.Join(componentNames(), ", "))
		os.Exit(2)
	}
	os.Exit(run(args))
}

func componentNames() []string {
	names := make([]string, 0, len(components))
	for name := range components {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
