"""Where the `secrets:` of jobs are kept: Vault and OpenBao, and the clouds' secret managers."""
