/** Reading codes from a picture, where the web view can. Its types are not yet in the language's own. */
type Detector = { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> };
type DetectorMaker = { new (): Detector; getSupportedFormats(): Promise<string[]> };

/** Null where this web view reads no codes: some have the name and no formats behind it. */
export async function codeReader(): Promise<Detector | null> {
  const maker = (globalThis as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
  if (maker === undefined || navigator.mediaDevices === undefined) return null;
  const formats = await maker.getSupportedFormats();
  return formats.length === 0 ? null : new maker();
}
