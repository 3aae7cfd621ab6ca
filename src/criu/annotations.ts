/** A file of options that criu reads for itself, named by the container's config, as with runc. */
export const CONFIG_ANNOTATION = "org.criu.config";
