// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.ClientCertificate;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Locale;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Shows one certificate to whoever asks for one. Also where the server names the authorities that it likes and ours is not among them: an
 * IoT Hub knows a certificate by its thumbprint as well, and a refusal says more than a handshake without a certificate.
 */
final class ShownCertificate extends X509ExtendedKeyManager {
    private static final String ALIAS = "client";

    private final ClientCertificate.Loaded shown;

    ShownCertificate(ClientCertificate.Loaded shown) {
        this.shown = shown;
    }

    /** BoringSSL is given the bytes of the key: one that lies in a chip has none. And it signs with RSA and ECDSA only. */
    static boolean suitsBoringSsl(ClientCertificate.Loaded shown) {
        String algorithm = shown.leaf().getPublicKey().getAlgorithm();
        return shown.key().getEncoded() != null && (algorithm.equals("RSA") || algorithm.equals("EC"));
    }

    private @Nullable String aliasFor(String... keyTypes) {
        String ours = shown.leaf().getPublicKey().getAlgorithm().toUpperCase(Locale.ROOT);
        for (String type : keyTypes) {
            String wanted = type.toUpperCase(Locale.ROOT);
            if (wanted.equals(ours) || (ours.startsWith("ED") && wanted.startsWith("ED"))) {
                return ALIAS;
            }
        }
        return null;
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return aliasFor(keyType);
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return aliasFor(keyType);
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return aliasFor(keyType) == null ? null : new String[] {ALIAS};
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return shown.key();
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return shown.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return null;
    }
}
