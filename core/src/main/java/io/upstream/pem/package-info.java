// SPDX-License-Identifier: Apache-2.0
/**
 * Reads certificates and private keys from files: PEM in all the forms that OpenSSL and its like write (RFC 7468, RFC 5958, RFC 5915, RFC
 * 8017 appendix A, and the older encryption with DEK-Info), and PKCS #12. Whatever is wrong is said in the message of an {@code
 * IOException}, fit to be put behind the name of the file, and never with anything of a key or password in it.
 */
@NullMarked
package io.upstream.pem;

import org.jspecify.annotations.NullMarked;
