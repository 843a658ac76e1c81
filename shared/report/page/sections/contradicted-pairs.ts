import { gallery } from '../html.ts';
import type { Section } from '../page.ts';

/** Annotation pairs that the model is sure to order the other way. */
export const contradictedPairsSection = (): Section => ({
  id: 'contradicted-pairs',
  title: 'Contradicted pairs',
  content: gallery(
    'contradicted',
    'Annotation pairs where the model is sure of the other photo, ready for review: either the annotator slipped, or the model has not learned what the annotator saw.',
  ),
});
