#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "link/link_private.h"

/* A key with a passphrase would make OpenSSL ask on the terminal: never from a daemon. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static int readable(const char *name, const char *what, const char *file, struct tcn_fail *reterr)
{
    FILE *f = fopen(file, "re");

    if (f == NULL)
        return tcn_fail_set(reterr, TCN_EINPUT, "connection '%s': can't read %s file '%s': %s",
                            name, what, file, strerror(errno));
    (void)fclose(f); /* opened for reading: nothing can be lost */
    return TCN_OK;
}

static int unusable(const char *name, const char *what, const char *file, const char *hint,
                    struct tcn_fail *reterr)
{
    char text[160] = "";

    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return tcn_fail_set(reterr, TCN_EINPUT, "connection '%s': %s file '%s' %s (%s)", name, what,
                        file, hint, text);
}

static int check_files(const struct connection_conf *c, SSL_CTX *ctx, struct tcn_fail *reterr)
{
    const char *key = c->key_file != NULL ? c->key_file : c->cert_file;
    int rc = TCN_OK;

    if (c->ca_file != NULL)
        rc = readable(c->name, "CA", c->ca_file, reterr);
    if (rc == TCN_OK && c->cert_file != NULL)
        rc = readable(c->name, "certificate", c->cert_file, reterr);
    if (rc == TCN_OK && c->key_file != NULL)
        rc = readable(c->name, "key", c->key_file, reterr);
    if (rc < 0)
        return rc;

    if (c->ca_file != NULL && SSL_CTX_load_verify_locations(ctx, c->ca_file, NULL) != 1)
        return unusable(c->name, "CA", c->ca_file, "holds no usable PEM certificate", reterr);
    if (c->cert_file == NULL)
        return TCN_OK;
    if (SSL_CTX_use_certificate_chain_file(ctx, c->cert_file) != 1)
        return unusable(c->name, "certificate", c->cert_file, "holds no usable PEM certificate",
                        reterr);
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        return unusable(c->name, "key", key,
                        "holds no PEM key without a passphrase, or not that of the certificate",
                        reterr);
    return TCN_OK;
}

int tls_files_check(const struct connection_conf *c, struct tcn_fail *reterr)
{
    SSL_CTX *ctx;
    int rc;

    if (!c->tls)
        return TCN_OK;
    if (c->key_file != NULL && c->cert_file == NULL)
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "connection '%s': a key file without a certificate file", c->name);
    ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "connection '%s': no memory for TLS", c->name);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    rc = check_files(c, ctx, reterr);
    SSL_CTX_free(ctx);
    return rc;
}
