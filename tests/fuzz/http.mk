# fuzz targets of http/
