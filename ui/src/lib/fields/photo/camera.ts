/** The device's rear camera, opened and let go of; and its light, where it has one. */
declare global {
  interface MediaTrackCapabilities {
    torch?: boolean;
  }
  interface MediaTrackConstraintSet {
    torch?: boolean;
  }
}

export async function openCamera(): Promise<MediaStream> {
  const wanted = { facingMode: { ideal: 'environment' }, width: { ideal: 2560 }, height: { ideal: 1920 } };
  return navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
}

/** Shutting it puts the light out too. */
export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The track whose light can be switched; null where there is none. */
export function lightOf(stream: MediaStream): MediaStreamTrack | null {
  const lit = (track: MediaStreamTrack) => track.getCapabilities?.().torch === true;
  return stream.getVideoTracks().find(lit) ?? null;
}

export function switchLight(track: MediaStreamTrack, on: boolean): Promise<void> {
  return track.applyConstraints({ advanced: [{ torch: on }] });
}
