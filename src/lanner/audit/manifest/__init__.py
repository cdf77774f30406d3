"""kube-apiserver's static pod manifest: what it says of auditing."""
