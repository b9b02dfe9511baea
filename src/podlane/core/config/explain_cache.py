"""What the keys of `[runners.cache]` do; see explain.py."""

CACHE = """
[runners.cache]
Type: The kind of store that caches go to: `s3`, `gcs` or `azure`. Empty: they stay in `cache_dir`
  of the pod.
  = "s3"
Path: A folder in front of the names of all objects, so that a bucket can serve several purposes.
  = "ci/caches"
Shared: Whether all runners see each other's caches. Else each has its own, by its short token.
  = true
MaxUploadedArchiveSize (bytes): An archive that is larger is not uploaded, which a line in the log
  says. 0: any size.
  = 2147483648
s3: The bucket of an S3 store and the way to it; counts with `Type = "s3"`.
gcs: The bucket in Google Cloud Storage and the way to it; counts with `Type = "gcs"`.
azure: The container in Azure Blob Storage and the way to it; counts with `Type = "azure"`.
{ServerAddress,AccessKey,SecretKey,BucketName,BucketLocation,Insecure}: Where the key of the same
  name in `[runners.cache.s3]` once stood. It counts where that one says nothing.

[runners.cache.s3]
ServerAddress: Host of the store, with a port where it has one. Empty: AWS.
  = "minio.example.com:9000"
AccessKey: Name of the key that signs. It stays in the manager; jobs get signed requests only.
  = "podlane-cache"
SecretKey: The key itself. It never leaves the manager.
SessionToken: What belongs to a key that was lent for some time.
BucketName: The bucket. It must be there already.
  = "ci-cache"
BucketLocation: The region of the bucket. Empty: AWS is asked for it once; others take `us-east-1`.
  = "eu-central-1"
Insecure: Whether the store is spoken to by plain HTTP.
  = true
AuthenticationType: Who signs: `access-key`, the two keys above, or `iam`, the manager's own
  identity in its cloud. Empty: the keys if both are set, else the identity.
  = "iam"
ServerSideEncryption: How the store is asked to encrypt: `S3` (or `AES256`), `KMS` or `DSSE-KMS`.
  = "KMS"
ServerSideEncryptionKeyID: With `KMS`, the key that it uses. Empty: the bucket's own.
  = "alias/ci-cache"
DualStack: Whether AWS is reached by its names that answer over IPv6 as well.
  = false
PathStyle: Whether the bucket's name stands in the path and not in the host's name. Unset: AWS,
  Google and Aliyun have it in the host's name, all others in the path.
  = true
Accelerate: Whether AWS's faster way over its edge (transfer acceleration) is taken.
  = true
RoleARN: A role that the manager takes for each job and restricts to the job's own objects; with it
  large archives go up in parts.
  = "arn:aws:iam::123456789012:role/ci-cache"
UploadRoleARN: The older name, which counts for uploads only.
AssumeRoleMaxConcurrency: How many such roles are asked for at one time; -1 is any number.
  = 20
DisableAssumeRoleCredentialsCaching: Whether each job asks anew, rather than share what is still
  good for it.
  = true

[runners.cache.gcs]
AccessID: The service account that signs, by its address.
  = "ci-cache@project.iam.gserviceaccount.com"
PrivateKey: Its key, as PEM. It never leaves the manager.
CredentialsFile (path): A JSON file of Google that holds both. With neither, the manager's own
  identity signs.
  = "/etc/podlane/gcs.json"
BucketName: The bucket. It must be there already.
  = "ci-cache"
UniverseDomain: The domain of a Google cloud other than the public one.
  = "googleapis.example"

[runners.cache.azure]
AccountName: The storage account.
  = "cicache"
AccountKey: Its key, as base64. It never leaves the manager. Empty: the manager's managed or
  workload identity signs.
ContainerName: The container. It must be there already.
  = "cache"
StorageDomain: The domain of the account's addresses; other clouds have another one.
  = "blob.core.chinacloudapi.cn"
"""
