// The scan that the twin was made from: grey values at a rest position.
#ifdef IMAGE
uniform highp sampler3D image;
uniform vec3 image_origin; // outer corner of the first voxel [mm]
uniform vec3 image_size;   // extent of the volume [mm]
float scan_grey(vec3 at) { return texture(image, (at - image_origin) / image_size).r; }
#else
float scan_grey(vec3 at) { return -1.0; }
#endif
