/* openssl: the only door to OpenSSL; private to src/base/{digest,pubkey}.c. */
#ifndef PARE_OPENSSL_PRIVATE_H
#define PARE_OPENSSL_PRIVATE_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#endif
