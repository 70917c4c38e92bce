package blob

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob/s3blob"
)

// S3 says where a bucket lies that speaks S3: Amazon's, or a server of one's own.
type S3 struct {
	Endpoint  string // such as https://s3.eu-central-1.amazonaws.com, without the bucket
	Region    string
	Bucket    string
	KeyID     string
	SecretKey string
	HTTP      *http.Client
}

// OpenS3 keeps blobs in a bucket, which must be there. Nothing is asked of it yet; Writable tells whether it answers.
func OpenS3(ctx context.Context, cfg S3) (*Bucket, error) {
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(cfg.Endpoint), Region: cfg.Region, HTTPClient: cfg.HTTP,
		Credentials: credentials.NewStaticCredentialsProvider(cfg.KeyID, cfg.SecretKey, ""),
		// The bucket in the path, and no newer checksums than are asked for: what every server understands.
		UsePathStyle:               true,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	bucket, err := s3blob.OpenBucket(ctx, client, cfg.Bucket, nil)
	if err != nil {
		return nil, fmt.Errorf("open the bucket for uploads: %w", err)
	}
	return &Bucket{bucket: bucket}, nil
}
