// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.util.Map;

/** Signs as a PKCS #11 provider does: with a handle of a key, whose bytes nobody is given. */
final class ChipProvider extends Provider {
    private static final long serialVersionUID = 1L;

    ChipProvider() {
        super("Chip", "1", "signs with keys that stay where they are");
        putService(
                new Service(
                        this,
                        "Signature",
                        "SHA256withECDSA",
                        Ecdsa.class.getName(),
                        null,
                        Map.of("SupportedKeyClasses", Handle.class.getName())) {
                    @Override
                    public Object newInstance(Object parameter) throws NoSuchAlgorithmException {
                        return new Ecdsa();
                    }
                });
    }

    /** What the application has in place of the key. */
    static final class Handle implements PrivateKey {
        private static final long serialVersionUID = 1L;

        private final transient PrivateKey inside;

        Handle(PrivateKey inside) {
            this.inside = inside;
        }

        @Override
        public String getAlgorithm() {
            return "EC";
        }

        @Override
        @SuppressWarnings("NullAway") // as PrivateKey says for a key without an encoding
        public String getFormat() {
            return null;
        }

        @Override
        @SuppressWarnings("NullAway") // likewise
        public byte[] getEncoded() {
            return null;
        }
    }

    static final class Ecdsa extends SignatureSpi {
        private final Signature inside;

        Ecdsa() throws NoSuchAlgorithmException {
            inside = Signature.getInstance("SHA256withECDSA");
        }

        @Override
        protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
            if (!(key instanceof Handle handle)) {
                throw new InvalidKeyException("not a handle");
            }
            inside.initSign(handle.inside);
        }

        @Override
        protected void engineInitVerify(PublicKey key) throws InvalidKeyException {
            throw new InvalidKeyException("signs only");
        }

        @Override
        protected void engineUpdate(byte octet) throws SignatureException {
            inside.update(octet);
        }

        @Override
        protected void engineUpdate(byte[] octets, int from, int length) throws SignatureException {
            inside.update(octets, from, length);
        }

        @Override
        protected byte[] engineSign() throws SignatureException {
            return inside.sign();
        }

        @Override
        protected boolean engineVerify(byte[] signature) throws SignatureException {
            return inside.verify(signature);
        }

        @Override
        @Deprecated
        protected void engineSetParameter(String name, Object value) {
            throw new UnsupportedOperationException();
        }

        @Override
        @Deprecated
        protected Object engineGetParameter(String name) {
            throw new UnsupportedOperationException();
        }
    }
}
