// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Leaves every verdict to another trust manager, and adds to each refusal what was refused. */
final class CertificateJudge extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager judge;

    CertificateJudge(X509ExtendedTrustManager judge) {
        this.judge = judge;
    }

    @FunctionalInterface
    private interface Judgement {
        void pass() throws CertificateException;
    }

    private static void naming(X509Certificate[] chain, Judgement judgement) throws CertificateException {
        try {
            judgement.pass();
        } catch (CertificateException e) {
            throw new PresentedCertificate(chain, e);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        naming(chain, () -> judge.checkServerTrusted(chain, authType, engine));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        naming(chain, () -> judge.checkServerTrusted(chain, authType, socket));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        naming(chain, () -> judge.checkServerTrusted(chain, authType));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        judge.checkClientTrusted(chain, authType, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        judge.checkClientTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        judge.checkClientTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return judge.getAcceptedIssuers();
    }
}
