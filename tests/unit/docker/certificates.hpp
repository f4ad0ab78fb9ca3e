// Certificates for a test: an authority of its own, and what it signs, as the docker client keeps
// them in a directory.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace amba::docker {

struct Certificate {
    std::shared_ptr<EVP_PKEY> key;
    std::shared_ptr<X509> certificate;

    void write_certificate(const std::string& file) const {
        write(file, [&](std::FILE* out) { return PEM_write_X509(out, certificate.get()); });
    }
    void write_key(const std::string& file) const {
        write(file, [&](std::FILE* out) {
            return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

  private:
    template <class Write>
    static void write(const std::string& file, Write put) {
        std::FILE* out = std::fopen(file.c_str(), "w");
        const bool well = out != nullptr && put(out) == 1;
        if (out == nullptr || std::fclose(out) != 0 || !well) {
            throw std::runtime_error("cannot write " + file);
        }
    }
};

class Authority {
  public:
    Authority() : own_(make("authority", nullptr, "", "critical,CA:TRUE")) {}

    const Certificate& own() const { return own_; }
    // `names` as in "DNS:localhost,IP:127.0.0.1"; empty: the common name alone.
    Certificate sign(const std::string& common_name, const std::string& names) const {
        return make(common_name, &own_, names, "CA:FALSE");
    }

  private:
    static void check(bool well, const char* what) {
        if (!well) throw std::runtime_error(std::string("OpenSSL: ") + what);
    }

    static void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
        X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
        check(made != nullptr && X509_add_ext(certificate, made, -1) == 1, value.c_str());
        X509_EXTENSION_free(made);
    }

    static Certificate make(const std::string& common_name, const Certificate* issuer,
                            const std::string& names, const std::string& constraints) {
        static long serial = 0;
        Certificate out{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
        X509* certificate = out.certificate.get();
        check(out.key && certificate != nullptr, "no key");
        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, out.key.get());
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                   -1, 0);
        X509* signer = issuer ? issuer->certificate.get() : certificate;
        X509_set_issuer_name(certificate, X509_get_subject_name(signer));
        extend(certificate, signer, NID_basic_constraints, constraints);
        if (!names.empty()) extend(certificate, signer, NID_subject_alt_name, names);
        EVP_PKEY* key = issuer ? issuer->key.get() : out.key.get();
        check(X509_sign(certificate, key, EVP_sha256()) > 0, "not signed");
        return out;
    }

    Certificate own_;
};

}  // namespace amba::docker
