import type { StoredFile } from '../../shared/files/stored-file.ts'

export const FILE_ID = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d10'

export const storedFile: StoredFile = {
  id: FILE_ID,
  name: 'data.csv',
  bytes: 12,
  sha256: 'b1bd1d2b5fd64a1b9a1d4a4ef4a2c30fd3f5b2b0bfa8c2b1c7d0b0b5ad0e9d11',
  contentType: 'text/csv',
  createdAt: '2027-01-31T12:00:00.000Z',
  expiresAt: '2027-02-07T12:00:00.000Z',
}
