"""Object stores (S3, Azure Blob, Google Cloud Storage), blocking: for the helper, which copies one
object to a file or a file to one object, by requests that are signed already."""
