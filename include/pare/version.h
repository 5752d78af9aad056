#ifndef PARE_VERSION_H
#define PARE_VERSION_H

#define PARE_VERSION "0.1.0"

#endif
