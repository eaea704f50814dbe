// What the page of PIN codes needs of age, and nothing else: the bundler leaves the rest out.
export { Decrypter, armor } from "age-encryption";
