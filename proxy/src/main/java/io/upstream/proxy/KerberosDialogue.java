// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.Oid;

/** The client's side of SPNEGO with one service, and Kerberos within it. For one thread at a time. */
final class KerberosDialogue implements AutoCloseable {
    private static final String SPNEGO = "1.3.6.1.5.5.2";
    private static final String KERBEROS_PRINCIPAL_NAME = "1.2.840.113554.1.2.2.1";
    private static final byte[] NOTHING = {};

    private final GSSContext context;

    private KerberosDialogue(GSSContext context) {
        this.context = context;
    }

    /**
     * Begins with the subject of the calling thread.
     *
     * @param principal not given as a service and its host, because the Java runtime would then look for the host's name in DNS, by its
     *     address too
     */
    static KerberosDialogue with(String principal) throws GSSException {
        GSSManager manager = GSSManager.getInstance();
        GSSName service = manager.createName(principal, new Oid(KERBEROS_PRINCIPAL_NAME));
        Oid spnego = new Oid(SPNEGO);
        GSSCredential ticket =
                manager.createCredential(null, GSSCredential.INDEFINITE_LIFETIME, spnego, GSSCredential.INITIATE_ONLY);
        KerberosDialogue dialogue =
                new KerberosDialogue(manager.createContext(service, spnego, ticket, GSSContext.DEFAULT_LIFETIME));
        try {
            dialogue.context.requestMutualAuth(true);
            dialogue.context.requestCredDeleg(false);
            return dialogue;
        } catch (GSSException e) {
            dialogue.close();
            throw e;
        }
    }

    /** What to send upon {@code token}, empty for nothing. The first time it may wait for the KDC. */
    byte[] next(byte[] token) throws GSSException {
        byte[] answer = context.initSecContext(token, 0, token.length);
        return answer == null ? NOTHING : answer;
    }

    /** @throws GSSException unless {@code token} ends the dialogue well */
    void verify(byte[] token) throws GSSException {
        if (!context.isEstablished()) {
            next(token);
        }
        if (!context.isEstablished() || !context.getMutualAuthState()) {
            throw new GSSException(GSSException.DEFECTIVE_TOKEN);
        }
    }

    @Override
    public void close() {
        try {
            context.dispose();
        } catch (GSSException e) {
            // nothing was left to dispose of
        }
    }
}
