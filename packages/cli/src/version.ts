// The version of the command; a test holds it equal to package.json, which a bundle does not carry.

export const version = '0.1.0'
